//! Who may take which route: the table of `access-matrix.txt` against the platform.

mod hosts;
mod table;

use std::cell::RefCell;
use std::collections::BTreeSet;

use platform::routes::{self, Route};
use reqwest::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::json;
use table::{CALLERS, Expected, Line, differs, lines};
use tenancy_core::Role;
use tests::world::{BASE, LOGO, OPERATOR, PASSWORD, email};
use tests::{Answer, Caller, World};
use tokio::net::TcpListener;

/// An address that no tenant has.
const UNKNOWN: &str = "nobody.mmm.localhost";

/// The caller at one column of the table, at acme's address.
async fn caller(world: &World, column: usize) -> Caller {
    match column {
        0 => world.at("acme"),
        1 => world.signed_in("acme", Role::Viewer).await,
        2 => world.signed_in("acme", Role::Analyst).await,
        3 => world.signed_in("acme", Role::Admin).await,
        4 => world.signed_in("acme", Role::Owner).await,
        _ => world.signed_in("globex", Role::Owner).await.at_host("acme.mmm.localhost"),
    }
}

/// The ids that take the place of `{id}`.
struct Targets {
    source: String,
    upload: String,
    run: String,
    campaign: String,
    /// One to be deleted: doing it again is fine, reading it is not.
    doomed: String,
    account: String,
    /// One to be disconnected.
    dropped: String,
    member: String,
    /// Members to be removed, one a call.
    leavers: RefCell<Vec<String>>,
    /// Invitations to be withdrawn, one a call.
    invited: RefCell<Vec<String>>,
}

impl Targets {
    fn missing() -> Self {
        let id = || uuid::Uuid::now_v7().to_string();
        Self {
            source: id(),
            upload: id(),
            run: id(),
            campaign: id(),
            doomed: id(),
            account: id(),
            dropped: id(),
            member: id(),
            leavers: RefCell::default(),
            invited: RefCell::default(),
        }
    }

    fn path(&self, line: &Line) -> String {
        let leaves = line.path.ends_with("/remove") || line.name().contains("DELETE /tenant/users");
        let once = if leaves {
            self.leavers.borrow_mut().pop()
        } else if line.path.contains("invitations") {
            self.invited.borrow_mut().pop()
        } else {
            None
        };
        let deletes = line.method == "DELETE" || line.path.ends_with("/delete");
        let id = if let Some(once) = &once {
            once
        } else if line.path.contains("runs") || line.path.contains("analysis") {
            &self.run
        } else if line.path.contains("social-accounts") {
            if deletes { &self.dropped } else { &self.account }
        } else if line.path.contains("campaigns") {
            if deletes { &self.doomed } else { &self.campaign }
        } else if line.path.contains("/team/") || line.path.contains("/users/") {
            &self.member
        } else if line.path.ends_with("/roles") {
            &self.upload
        } else {
            &self.source
        };
        let file = if line.path.contains("recommendations") { "plan.csv".to_owned() } else { asset() };
        line.path.replace("{id}", id).replace("{chart}", "roi.json").replace("{file}", &file)
    }
}

/// The address of a stylesheet that is there.
fn asset() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/platform/assets");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the assets")
        .map(|entry| entry.expect("an asset").file_name().to_string_lossy().into_owned())
        .filter(|name| std::path::Path::new(name).extension().is_some_and(|kind| kind == "css"))
        .collect();
    names.sort();
    names.swap_remove(0)
}

/// Calls a line with a body that the route can use.
async fn call(caller: &Caller, line: &Line, targets: &Targets, html: bool) -> Answer {
    let path = targets.path(line);
    let mut request = caller.request(line.method.parse().expect("a method"), &path);
    let person = if line.site == "operator" { OPERATOR.to_owned() } else { email("acme", Role::Owner) };
    request = match (line.method.as_str(), line.path.as_str()) {
        ("GET" | "HEAD", _) => request,
        (_, "/login") => request.form(&[("email", person.as_str()), ("password", PASSWORD)]),
        (_, "/auth/login") => request.json(&json!({ "email": person, "password": PASSWORD })),
        (_, "/auth/refresh") => {
            let body = json!({ "email": person, "password": PASSWORD });
            let pair = caller.anonymous().post_json("/auth/login", &body).await;
            let pair: serde_json::Value = serde_json::from_str(&pair.body).unwrap_or_default();
            request.json(&json!({ "refresh_token": pair["refresh_token"].as_str().unwrap_or_default() }))
        }
        (_, "/team/invite") => request.form(&[("email", "new@acme.example"), ("role", "viewer")]),
        (_, "/team/settings") => request.form(&[("invitation_hours", "72")]),
        (_, "/tenant/settings") => request.json(&json!({ "invited_role": "viewer" })),
        (_, "/team/{id}/role") => request.form(&[("role", "viewer")]),
        (_, "/tenant/users/invite") => {
            request.json(&json!({ "email": "new@acme.example", "role": "viewer" }))
        }
        (_, "/tenant/users/{id}") => request.json(&json!({ "role": "viewer" })),
        (_, "/data") => {
            let file = reqwest::multipart::Part::text(World::example()).file_name("a.csv");
            request.multipart(reqwest::multipart::Form::new().part("file", file))
        }
        (_, "/runs") => request.form(&[("source_id", targets.source.as_str())]),
        (_, "/data/{id}/roles") => request.form(&[("role-0", "date")]),
        (_, "/tenant/data/upload") => request.header(CONTENT_TYPE, "text/csv").body(World::example()),
        (_, "/tenant/data/sources/{id}/roles") => request.json(&json!({ "roles": {} })),
        (_, "/branding/logo") => {
            let file = reqwest::multipart::Part::bytes(LOGO).file_name("logo.png");
            request.multipart(reqwest::multipart::Form::new().part("file", file))
        }
        (_, "/branding") => request.form(&[("name", "acme"), ("accent", "#0b7a4b")]),
        (_, "/tenant/branding") => request.json(&json!({ "accent": "#0b7a4b" })),
        ("PUT", "/tenant/branding/logo") => request.body(LOGO),
        (_, "/campaigns") => request.form(&[("name", "spring")]),
        (_, "/content") => request.form(&[("product", "beans"), ("audience", "all"), ("benefit", "awake")]),
        (_, "/api/campaigns" | "/api/campaigns/{id}") => request.json(&json!({ "name": "spring" })),
        (_, "/social-accounts") => request.form(&[("network", "x"), ("handle", "@acme")]),
        (_, "/forgot") => request.form(&[("email", "nobody@acme.example")]),
        (_, "/auth/password/reset") => request.json(&json!({ "email": "nobody@acme.example" })),
        (_, "/api/social-accounts/{id}") => request.json(&json!({ "network": "z" })),
        (_, "/api/social-accounts") => request.json(&json!({ "network": "x", "handle": "@acme" })),
        (_, "/api/usage/track") => request.json(&json!({ "meter_id": "exports", "event_value": 1 })),
        (_, "/tenant/analysis/run") => request.json(&json!({ "source_id": targets.source })),
        _ => request,
    };
    if html {
        request = request.header(ACCEPT, "text/html").header(ORIGIN, format!("http://{}", caller.host()));
    }
    caller.send(request).await
}

/// The ids of a hundred more members of a tenant.
async fn leavers(world: &World, tenant: &str) -> Vec<String> {
    let sql = "
        WITH people AS (
            INSERT INTO control.users (id, email, display_name, password_hash)
            SELECT gen_random_uuid(), 'leaver' || n || '@acme.example', 'a leaver', 'none'
            FROM generate_series(1, 100) n RETURNING id
        )
        INSERT INTO control.tenant_users (tenant_id, user_id, role)
        SELECT t.id, p.id, 'viewer' FROM people p, control.tenants t WHERE t.subdomain = $1
        RETURNING user_id::text";
    sqlx::query_scalar(sql).bind(tenant).fetch_all(&mut world.admin().await).await.expect("leavers")
}

/// The ids of a hundred open invitations of a tenant.
async fn invited(world: &World, tenant: &str) -> Vec<String> {
    let sql = "
        INSERT INTO control.invitations (id, tenant_id, token_hash, email, role, invited_by, expires_at)
        SELECT gen_random_uuid(), t.id, sha256(n::text::bytea), 'invited' || n || '@acme.example', 'viewer',
               'the owner', now() + interval '1 day'
        FROM generate_series(1, 100) n, control.tenants t WHERE t.subdomain = $1
        RETURNING id::text";
    sqlx::query_scalar(sql).bind(tenant).fetch_all(&mut world.admin().await).await.expect("invitations")
}

fn named<S>(site: &str, routes: &[Route<S>]) -> Vec<String> {
    routes.iter().map(|r| format!("{site} {} {} {}", r.method, r.path, r.access.as_str())).collect()
}

/// Every list of [`routes`] must be here: a list that is added needs a line.
fn platform_routes() -> Vec<String> {
    [
        named("tenant", &routes::tenant()),
        named("apex", &routes::apex()),
        named("operator", &routes::operator()),
        named("everywhere", &routes::everywhere()),
        named("internal", &routes::internal()),
    ]
    .concat()
}

/// AC01, AC04: a route that nobody has decided about does not exist.
#[test]
fn the_table_and_the_platform_have_the_same_routes() {
    let routes = platform_routes();
    let known: BTreeSet<String> = routes.iter().cloned().collect();
    let listed: BTreeSet<String> = lines().iter().map(Line::name).collect();
    let undecided: Vec<_> = known.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&known).collect();
    assert!(undecided.is_empty(), "routes without a line in access-matrix.txt: {undecided:#?}");
    assert!(gone.is_empty(), "lines in access-matrix.txt without a route: {gone:#?}");
    assert_eq!((known.len(), listed.len()), (routes.len(), lines().len()), "a route or a line twice");
}

/// AC01, AC02, AC04, M1, M4, R3, K7: every route as every caller, on ids that exist and ids that do not,
/// as a program and as a browser; and no answer is for a cache that several people share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_of_a_tenant_answers_as_the_table_says() {
    let world = World::start_with_worker().await;
    let owned = world.furnish("acme", "canary").await;
    let more = json!({ "features": { "ai_content": true, "advanced_analytics": true }, "limits": { "users": 1000 } });
    world.override_settings("acme", &more).await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let person = "SELECT id::text FROM control.users WHERE email = 'viewer@acme.example'";
    let member = sqlx::query_scalar(person).fetch_one(&mut world.admin().await).await.expect("a member");
    let existing = Targets {
        source: owned.source,
        upload: owned.upload,
        run: owned.run,
        member,
        campaign: owner.made("/api/campaigns", &json!({ "name": "kept" })).await,
        doomed: owner.made("/api/campaigns", &json!({ "name": "doomed" })).await,
        account: owner.made("/api/social-accounts", &json!({ "network": "y", "handle": "@kept" })).await,
        dropped: owner.made("/api/social-accounts", &json!({ "network": "y", "handle": "@doomed" })).await,
        leavers: RefCell::new(leavers(&world, "acme").await),
        invited: RefCell::new(invited(&world, "acme").await),
    };
    let missing = Targets::missing();
    let nobody = world.at_host(UNKNOWN);
    let mut wrong = Vec::new();
    for (column, name) in CALLERS.into_iter().enumerate() {
        let caller = caller(&world, column).await;
        for line in lines().iter().filter(|line| line.site == "tenant") {
            for html in [false, true] {
                let expected = line.expected[column];
                // Signing out ends the token, so it is a token of its own.
                let own = line.path == "/auth/logout";
                let caller = if own { self::caller(&world, column).await } else { caller.clone() };
                let there = call(&caller, line, &existing, html).await;
                let unknown = call(&nobody, line, &existing, html).await;
                if let Some(why) = differs(expected, &there, &unknown, html) {
                    wrong.push(format!("{name} {} html={html}: {why}", line.name()));
                }
                let kept = there.header("cache-control");
                if !(kept.contains("private") || kept.contains("no-store")) || kept.contains("public") {
                    wrong.push(format!("{name} {} html={html}: caches may share it: {kept:?}", line.name()));
                }
                if expected == Expected::Ok || !line.path.contains("{id}") {
                    continue;
                }
                // Who may not, learns nothing about what exists; a browser's way back holds the path it sent.
                let gone = call(&caller, line, &missing, html).await;
                if expected != Expected::SignIn && gone.comparable() != there.comparable() {
                    wrong.push(format!("{name} {} html={html}: an existing id shows", line.name()));
                }
                if gone.status != there.status || gone.body != there.body {
                    wrong.push(format!("{name} {} html={html}: {} {}", line.name(), gone.status, gone.body));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} answers differ from the table:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// AC01: HEAD is GET without a body, and nothing more.
#[tokio::test]
async fn head_is_guarded_as_get_is() {
    let world = World::start().await;
    let stranger = caller(&world, 5).await;
    for line in lines().iter().filter(|line| line.site == "tenant" && line.method == "GET") {
        let path = Targets::missing().path(line);
        let anonymous = world.at("acme");
        let head = anonymous.send(anonymous.request(Method::HEAD, &path)).await;
        let guarded = line.expected[0] == Expected::SignIn;
        assert_eq!(head.status == StatusCode::UNAUTHORIZED, guarded, "HEAD {path}: {}", head.status);
        let foreign = stranger.send(stranger.request(Method::HEAD, &path)).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "HEAD {path} of a stranger");
    }
}

/// AC19: at addresses without a tenant, a tenant's token is a foreign one; and what everybody may
/// see, everybody sees.
#[tokio::test]
async fn every_other_route_answers_as_the_table_says() {
    let world = World::start().await;
    let internal = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let internal_addr = internal.local_addr().expect("an address");
    let stop = platform::server::Stop::default();
    let serving = tokio::spawn(platform::server::serve(internal, world.platform.internal(), stop.clone()));
    let anywhere =
        ["acme.mmm.localhost", BASE, "www.mmm.localhost", "admin.mmm.localhost", UNKNOWN, "127.0.0.1"];
    let mut called = 0;
    for (column, name) in CALLERS.into_iter().enumerate() {
        let caller = caller(&world, column).await;
        for line in lines().iter().filter(|line| line.site != "tenant") {
            let (addrs, hosts) = match line.site.as_str() {
                "apex" => (vec![world.addr], vec![BASE, "www.mmm.localhost"]),
                "operator" => (vec![world.operator_addr], vec!["admin.mmm.localhost"]),
                "everywhere" => (vec![world.addr, world.operator_addr, internal_addr], anywhere.to_vec()),
                _ => (vec![internal_addr], anywhere.to_vec()),
            };
            for addr in addrs {
                for host in &hosts {
                    let there = caller.at(addr, host);
                    let answer = call(&there, line, &Targets::missing(), true).await;
                    let unknown = call(&Caller::new(addr, UNKNOWN), line, &Targets::missing(), true).await;
                    let why = differs(line.expected[column], &answer, &unknown, true);
                    assert_eq!(why, None, "{name} {} at {host} on {addr}", line.name());
                    called += 1;
                }
            }
        }
    }
    assert!(called > 300, "only {called} calls were made");
    stop.now();
    serving.await.expect("no panic").expect("a clean end");
}

/// AC19, R3: one session of a tenant, wherever it is shown.
#[tokio::test]
async fn a_token_opens_its_own_tenants_address_only() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let nobody = world.at_host(UNKNOWN);
    assert_eq!(owner.get("/auth/me").await.status, StatusCode::OK);
    for host in ["globex.mmm.localhost", BASE, "www.mmm.localhost", "admin.mmm.localhost", UNKNOWN] {
        for path in ["/", "/auth/me", "/login", "/data", "/no-such-page", "/tenant/data/sources"] {
            for accept in ["text/html", "application/json", "*/*"] {
                let get = |caller: Caller| async move {
                    caller.send(caller.request(Method::GET, path).header(ACCEPT, accept)).await
                };
                let (foreign, unknown) = (get(owner.at_host(host)).await, get(nobody.clone()).await);
                assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{host}{path}");
                assert_eq!(foreign.comparable(), unknown.comparable(), "{host}{path} {accept}");
            }
        }
    }
}
