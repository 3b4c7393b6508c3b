//! Runs as people and programs follow them: live, cancelled, left alone, through the death of a worker,
//! and beside a neighbour with a long queue.

use std::time::{Duration, Instant};

use platform::runs::feed::SEATS;
use platform::server::Stop;
use platform::worker::{self, Settings};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tenancy_core::Role;
use tests::program::until;
use tests::{Answer, Caller, Fleet, World};

/// A moment of an answer, in an order that texts have too: fractions of a second are as long as needed.
fn moment(value: &Value) -> &str {
    value.as_str().expect("a time").trim_end_matches('Z')
}

/// A worker within this process, until it is told to stop.
fn work(world: &World) -> Stop {
    let stop = Stop::default();
    tokio::spawn(worker::run(world.platform.clone(), Settings::default(), stop.clone()));
    stop
}

/// An open stream of events.
struct Events {
    response: Response,
    read: String,
}

impl Events {
    /// Opens the stream of a run, or answers why not.
    async fn open(caller: &Caller, path: &str) -> Result<Self, Answer> {
        let response = caller.request(Method::GET, path).send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        if status != StatusCode::OK {
            return Err(Answer { status, headers, body: response.text().await.expect("a body") });
        }
        assert_eq!(headers["content-type"], "text/event-stream");
        Ok(Self { response, read: String::new() })
    }

    /// The next event, its name and its data, or `None` after the last.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let field = |name| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.map(|value| value.trim_start().to_owned()).next()
                };
                let found = field("event:").zip(field("data:"));
                let found = found.map(|(name, data)| (name, serde_json::from_str(&data).expect("JSON")));
                let rest = rest.to_owned();
                self.read = rest;
                match found {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(Duration::from_mins(1), self.response.chunk());
            let chunk = chunk.await.expect("news or a heartbeat").expect("an open stream")?;
            self.read.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
}

async fn events(caller: &Caller, run: &str) -> Result<Events, Answer> {
    Events::open(caller, &format!("/tenant/analysis/{run}/events")).await
}

async fn cancel(caller: &Caller, run: &str) -> Answer {
    caller.post_json(&format!("/tenant/analysis/{run}/cancel"), &json!({})).await
}

async fn state(caller: &Caller, run: &str) -> String {
    let run = caller.get(&format!("/tenant/analysis/{run}")).await.json();
    run["state"].as_str().expect("a state").to_owned()
}

/// E12, G8: news come by themselves, for programs and for the page, and end with the run.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_followed_from_the_queue_to_its_end_without_asking() {
    let world = World::start().await;
    let analyst = world.signed_in("acme", Role::Analyst).await;
    let source = analyst.ready_source(&World::example(), Some(40.0)).await;
    let run = analyst.start_run(&source).await;
    let mut program = events(&analyst, &run).await.expect("a stream");
    let mut page = Events::open(&analyst, &format!("/runs/{run}/events")).await.expect("a stream");
    let (name, first) = program.next().await.expect("how it stands");
    assert_eq!((name.as_str(), &first["state"], &first["id"]), ("progress", &json!("queued"), &json!(run)));

    let _worker = work(&world);
    let mut seen = vec![first];
    while let Some((name, news)) = program.next().await {
        assert_eq!(name == "end", news["state"] == "done", "{news}");
        seen.push(news);
    }
    let last = seen.last().expect("the end");
    assert_eq!((&last["state"], &last["percent"]), (&json!("done"), &json!(100)));
    assert!(last["results"].is_null(), "results are asked for, not told");
    let percents: Vec<u64> = seen.iter().filter_map(|news| news["percent"].as_u64()).collect();
    assert!(percents.is_sorted(), "{percents:?}");
    assert!(seen.iter().any(|news| news["state"] == "running"), "{seen:?}");

    let mut told = Vec::new();
    while let Some((name, news)) = page.next().await {
        told.push((name, news["state"].clone(), news["text"].clone()));
    }
    assert_eq!(told.last(), Some(&("end".to_owned(), json!("done"), json!("Finished"))), "{told:?}");

    // Of a run that has ended, the end is all there is to tell.
    let mut late = events(&analyst, &run).await.expect("a stream");
    assert_eq!(late.next().await.map(|(name, _)| name).as_deref(), Some("end"));
    assert_eq!(late.next().await, None);
}

/// G8: who goes away stops nothing, and gives the seat back.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_frees_its_seat_and_the_run_goes_on() {
    let world = World::start().await;
    let analyst = world.signed_in("acme", Role::Analyst).await;
    let source = analyst.ready_source(&World::example(), Some(40.0)).await;
    let run = analyst.start_run(&source).await;
    let mut seats = Vec::new();
    for _ in 0..SEATS {
        seats.push(events(&analyst, &run).await.expect("a seat"));
    }
    let refused = events(&analyst, &run).await.err().expect("no seat is left");
    assert_eq!(
        (refused.status, refused.header("retry-after").as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "10")
    );
    assert_eq!(refused.json()["code"], "too_many_streams");
    let globex = world.signed_in("globex", Role::Owner).await;
    let theirs = globex.start_run(&globex.ready_source(&World::example(), None).await).await;
    drop(events(&globex, &theirs).await.expect("another tenant's seats are its own"));

    let _worker = work(&world);
    until("the run runs", Duration::from_mins(1), async || state(&analyst, &run).await != "queued").await;
    drop(seats);
    until("a seat is free", Duration::from_secs(10), async || events(&analyst, &run).await.is_ok()).await;
    assert_eq!(analyst.finished_run(&run).await["state"], "done");
}

/// G8: a stream ends when the process is asked to stop, and holds it up no longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_streams() {
    let world = World::start().await;
    let stop = Stop::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let serving = tokio::spawn(platform::server::serve(listener, world.platform.public(), stop.clone()));
    let owner = world.signed_in("acme", Role::Owner).await.at(addr, "acme.mmm.localhost");
    let run = owner.start_run(&owner.ready_source(&World::example(), None).await).await;
    let mut stream = events(&owner, &run).await.expect("a stream");
    assert!(stream.next().await.is_some());
    let asked = Instant::now();
    stop.now();
    assert_eq!(stream.next().await, None);
    serving.await.expect("no panic").expect("a clean end");
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

/// E12: cancelling takes a run out of the queue, or off its worker, and is said in words.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_stays_cancelled_and_frees_the_worker() {
    let world = World::start().await;
    let analyst = world.signed_in("acme", Role::Analyst).await;
    let source = analyst.ready_source(&World::example(), Some(40.0)).await;
    let queued = analyst.start_run(&source).await;
    let mut stream = events(&analyst, &queued).await.expect("a stream");
    assert_eq!(stream.next().await.expect("news").1["state"], "queued");
    let answer = cancel(&analyst, &queued).await;
    assert_eq!(
        (answer.status, &answer.json()["state"]),
        (StatusCode::OK, &json!("cancelled")),
        "{}",
        answer.body
    );
    let (name, last) = stream.next().await.expect("the end");
    assert_eq!((name.as_str(), &last["state"]), ("end", &json!("cancelled")));
    assert_eq!(stream.next().await, None);
    assert_eq!(cancel(&analyst, &queued).await.status, StatusCode::OK, "once more changes nothing");
    assert_eq!(cancel(&analyst, "0197f000-0000-7000-8000-000000000000").await.status, StatusCode::NOT_FOUND);

    let _worker = work(&world);
    let running = analyst.start_run(&source).await;
    let next = analyst.start_run(&source).await;
    until("the run runs", Duration::from_mins(1), async || state(&analyst, &running).await != "queued").await;
    let page = analyst.get_page(&format!("/runs/{running}")).await;
    assert!(page.body.contains(&format!("action=\"/runs/{running}/cancel\"")), "{}", page.body);
    let answer = analyst.post_form(&format!("/runs/{running}/cancel"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = analyst.get_page(&format!("/runs/{running}")).await;
    assert!(page.body.contains("This run was cancelled."), "{}", page.body);
    assert!(analyst.get_page("/runs").await.body.contains("Cancelled"));

    assert_eq!(analyst.finished_run(&next).await["state"], "done", "the worker is free for the next");
    let cancelled = analyst.get(&format!("/tenant/analysis/{running}")).await.json();
    assert_eq!((&cancelled["state"], &cancelled["results"]), (&json!("cancelled"), &Value::Null));
    let late = cancel(&analyst, &next).await;
    assert_eq!((late.status, &late.json()["code"]), (StatusCode::CONFLICT, &json!("run_ended")));
    assert_eq!(state(&analyst, &next).await, "done");
    let viewer = world.signed_in("acme", Role::Viewer).await;
    let page = viewer.get_page(&format!("/runs/{queued}")).await;
    assert!(
        !page.body.contains("<form method=\"post\" action=\"/runs\""),
        "a viewer is offered nothing to start"
    );
}

/// G8: a worker that is killed in the middle of a run delays it by its lease and by nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_worker_was_killed_is_done_by_the_next_within_a_lease() {
    let world = World::start().await;
    let fleet = Fleet::of(&world);
    let analyst = world.signed_in("acme", Role::Analyst).await;
    let source = analyst.ready_source(&World::example(), Some(40.0)).await;
    let mut hurt = None;
    for _ in 0..5 {
        let run = analyst.start_run(&source).await;
        let killed = fleet.worker();
        until("the run runs", Duration::from_mins(1), async || state(&analyst, &run).await != "queued").await;
        killed.kill();
        if state(&analyst, &run).await == "running" {
            hurt = Some(run);
            break;
        }
    }
    let hurt = hurt.expect("a run that was under way");
    let lease = Settings::default().lease;
    let up = Instant::now();
    let mut stream = events(&analyst, &hurt).await.expect("a stream");
    let _next = fleet.worker();
    while let Some((name, news)) = stream.next().await {
        if name == "end" {
            assert_eq!(news["state"], "done", "{news}");
        }
    }
    assert_eq!(state(&analyst, &hurt).await, "done");
    // One lease until it is noticed, and the fit itself on a busy machine.
    assert!(up.elapsed() < lease + Duration::from_secs(30), "{:?}", up.elapsed());
}

/// G8: who has twenty runs waiting delays a neighbour's first by the one that runs already.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_queued_runs_delay_a_neighbours_first_by_one_at_most() {
    let world = World::start().await;
    let acme = world.signed_in("acme", Role::Analyst).await;
    let globex = world.signed_in("globex", Role::Analyst).await;
    let source = acme.ready_source(&World::example(), Some(40.0)).await;
    let theirs = globex.ready_source(&World::example(), Some(40.0)).await;
    let mut queue = Vec::new();
    for _ in 0..20 {
        queue.push(acme.start_run(&source).await);
    }
    let worker = work(&world);
    until("the first runs", Duration::from_mins(1), async || state(&acme, &queue[0]).await != "queued").await;
    let first = globex.start_run(&theirs).await;
    let asked = globex.get(&format!("/tenant/analysis/{first}")).await.json()["created_at"].clone();
    let first = globex.finished_run(&first).await;
    worker.now();
    let mut between = 0;
    for run in &queue {
        let run = acme.get(&format!("/tenant/analysis/{run}")).await.json();
        let ended = run["finished_at"].as_str().map(|_| moment(&run["finished_at"]));
        if ended.is_some_and(|ended| moment(&asked) < ended && ended < moment(&first["finished_at"])) {
            between += 1;
        }
    }
    assert!(between <= 1, "{between} runs of the neighbour came first");
}

/// E8: whoever said once what the columns mean does not have to say it again.
#[tokio::test]
async fn roles_are_kept_for_the_next_upload_of_the_same_columns() {
    let world = World::start().await;
    let analyst = world.signed_in("acme", Role::Analyst).await;
    let csv = World::example();
    let first = analyst.propose(&csv, "march.csv").await.json();
    let id = first["source_id"].as_str().expect("an id");
    let columns = first["columns"].as_array().expect("columns");
    let control = columns.iter().find(|column| column["role"] == "control").expect("a control");
    let changed: serde_json::Map<String, Value> = columns
        .iter()
        .map(|column| {
            let role =
                if column["name"] == control["name"] { json!("ignore") } else { column["role"].clone() };
            (column["name"].as_str().expect("a name").to_owned(), role)
        })
        .collect();
    let body = json!({ "roles": changed, "kpi_value": 40.0 });
    let ready = analyst.put_json(&format!("/tenant/data/sources/{id}/roles"), &body).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);

    let role = |answer: &Value| {
        let columns = answer["columns"].as_array().expect("columns");
        let column = columns.iter().find(|column| column["name"] == control["name"]).expect("the column");
        (column["role"].clone(), column["reason"].as_str().unwrap_or_default().contains("march.csv"))
    };
    let next = analyst.propose(&csv, "april.csv").await.json();
    assert_eq!(role(&next), (json!("ignore"), true), "{next}");
    let id = next["source_id"].as_str().expect("an id");
    let waiting = analyst.get(&format!("/tenant/data/sources/{id}")).await.json();
    assert_eq!((role(&waiting), &waiting["kpi_value"]), ((json!("ignore"), true), &json!(40.0)));
    let page = analyst.get_page(&format!("/data/{id}")).await;
    assert!(page.body.contains("march.csv") && page.body.contains("value=\"40\""), "{}", page.body);

    // Other columns, or another tenant: nothing is kept.
    let other =
        csv.replacen("week", "date", 1).replacen(control["name"].as_str().expect("a name"), "renamed", 1);
    let other = analyst.propose(&other, "other.csv").await.json();
    assert!(!other.to_string().contains("march.csv"), "{other}");
    let globex = world.signed_in("globex", Role::Analyst).await;
    let theirs = globex.propose(&csv, "april.csv").await.json();
    assert_eq!(role(&theirs), (json!("control"), false), "{theirs}");
}
