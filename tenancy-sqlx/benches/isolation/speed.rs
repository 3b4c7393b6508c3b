//! Every way to read and write beside every other.

use crate::Sizes;
use crate::measure::{Rounds, goal};
use crate::ways::{Question, Way, Ways};
use crate::world::{World, tenants};

const READS: [Way; 11] = [
    Way::Pool,
    Way::NoPing,
    Way::Naive,
    Way::Read { sealed: false },
    Way::Read { sealed: true },
    Way::Write { sealed: false },
    Way::Write { sealed: true },
    Way::Session { sealed: false, again: 90 },
    Way::Session { sealed: true, again: 90 },
    Way::Session { sealed: false, again: 0 },
    Way::Session { sealed: true, again: 0 },
];

pub(crate) async fn run(sizes: &Sizes, far: bool) {
    let each = (sizes.rows / sizes.tenants).max(1);
    let worlds = [World::new(sizes.tenants, each, false).await, World::new(sizes.tenants, each, true).await];
    let mut ways = Ways::open(&worlds, tenants(sizes.tenants), each, far).await;
    let five = [Way::Five { sealed: false }, Way::Five { sealed: true }];
    let write = [Way::Write { sealed: false }, Way::Write { sealed: true }];
    let [pool, no_ping, naive, ..] = READS;
    for (question, ways_of, operations) in [
        (Question::Point, [&READS[..], &five].concat(), 20),
        (Question::Range, READS.to_vec(), 10),
        (Question::Sum, READS.to_vec(), 10),
        (Question::Bulk, [&[pool, no_ping, naive], &write[..]].concat(), 5),
    ] {
        let rounds = if far || question == Question::Bulk { sizes.rounds.div_ceil(5) } else { sizes.rounds };
        let rounds = Rounds::run(ways_of.len(), rounds, operations, async |variant| {
            ways.ask(ways_of[variant], question).await
        })
        .await;
        println!("\n{:40} {:>9}  {:>7}  {:>7}", format!("{question:?}"), "µs", "x pool", "x no ping");
        for (variant, way) in ways_of.iter().enumerate() {
            let (time, pool, no_ping) =
                (rounds.time(variant), rounds.ratio(variant, 0), rounds.ratio(variant, 1));
            println!("{:40} {time:9.1}  {pool:7.2}  {no_ping:7.2}", format!("{way:?}"));
        }
        if question == Question::Point {
            goals(&rounds, &ways_of, far);
        }
        for world in &worlds {
            world.place.run("TRUNCATE sink, plain_sink").await;
        }
    }
}

fn goals(rounds: &Rounds, ways: &[Way], far: bool) {
    let ratio = |one: Way, other: Way| {
        let at = |way| ways.iter().position(|w| *w == way).expect("a way that was measured");
        rounds.ratio(at(one), at(other))
    };
    let session = |sealed| Way::Session { sealed, again: 90 };
    if far {
        let read = ratio(Way::Read { sealed: true }, Way::Pool);
        goal("a sealed read is at most 1.05x the default pool", read, read <= 1.05);
        let naive = ratio(Way::Naive, Way::Read { sealed: true });
        goal("naive is at least 1.8x a sealed read", naive, naive >= 1.8);
        let session = ratio(session(true), Way::NoPing);
        goal("a sealed session at 90 % is at most 1.05x the pool without ping", session, session <= 1.05);
    } else {
        let read = ratio(Way::Read { sealed: false }, Way::Pool);
        goal("an unsealed read is at most 1.35x the default pool", read, read <= 1.35);
        let open = ratio(session(false), Way::NoPing);
        goal("an unsealed session at 90 % is at most 0.75x the pool without ping", open, open <= 0.75);
        println!("       a sealed session at 90 %: {:.2}", ratio(session(true), Way::NoPing));
    }
}
