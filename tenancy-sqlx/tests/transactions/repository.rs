//! D3 and D7: rows as values. Nobody names a tenant, nobody sees another's, and what is deleted is kept
//! for a while.

use std::time::Duration;

use sqlx::error::DatabaseError;
use tenancy_core::TenantContext;
use tenancy_sqlx::{Entity, Page, SealKey, TenantDatabase, Values, ValuesError};
use uuid::Uuid;

use crate::kit::{ACME, Place, acme, globex, place, sealed_with};

#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub(crate) struct Card {
    id: Uuid,
    tenant_id: Uuid,
    title: String,
    stars: Option<i16>,
}

pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) stars: Option<i16>,
}

impl Entity for Card {
    const TABLE: &'static str = "public.Cards";
    const COLUMNS: &'static [&'static str] = &["title", "stars"];
    type Draft = Words;

    fn bind(Words { title, stars }: Words, values: Values) -> Values {
        values.with(title).with(stars)
    }
}

/// The table of cards.
pub(crate) async fn cards(place: &Place) {
    place
        .run(
            "SET ROLE app_owner;
             CREATE TABLE public.\"Cards\" (tenant_id uuid NOT NULL, id uuid NOT NULL, title text NOT NULL CHECK (title <> ''),
                 stars smallint, deleted_at timestamptz, PRIMARY KEY (tenant_id, id));
             RESET ROLE; SELECT tenancy.protect('public.\"Cards\"')",
        )
        .await;
}

async fn sealed() -> Option<(Place, TenantDatabase)> {
    let place = place().await?;
    cards(&place).await;
    let key = SealKey::generate(1).expect("a key");
    place.seal(&key).await;
    let database = place.database(sealed_with(&key)).await;
    Some((place, database))
}

fn words(title: &str, stars: Option<i16>) -> Words {
    Words { title: title.to_owned(), stars }
}

async fn create(database: &TenantDatabase, context: &TenantContext, title: &str) -> Card {
    let mut tx = database.begin(context).await.expect("begin");
    let card = tx.repository::<Card>().create(words(title, None)).await.expect("created");
    tx.commit().await.expect("commit");
    card
}

/// D3: a row without a tenant is the transaction's, a question without a condition answers its own, and
/// another's id is the id of nothing.
#[tokio::test]
async fn a_repository_knows_rows_of_its_own_tenant_only() {
    let Some((place, database)) = sealed().await else { return };
    let (mine, theirs) =
        (create(&database, &acme(), "mine").await, create(&database, &globex(), "theirs").await);
    assert_eq!(mine.tenant_id.to_string(), ACME);
    let mut tx = database.begin(&acme()).await.expect("begin");
    let mut own = tx.repository::<Card>();
    assert_eq!(own.find(mine.id).await.expect("asked"), Some(mine.clone()));
    assert_eq!(own.find_all(Page::default()).await.expect("asked"), std::slice::from_ref(&mine));
    assert_eq!(own.find(theirs.id).await.expect("asked"), None);
    assert_eq!(own.update(theirs.id, words("mine now", None)).await.expect("asked"), None);
    assert!(!own.soft_delete(theirs.id).await.expect("asked"));
    let changed = own.update(mine.id, words("changed", Some(5))).await.expect("asked").expect("it is there");
    assert_eq!(changed, Card { title: "changed".into(), stars: Some(5), ..mine });
    tx.commit().await.expect("commit");
    let untouched = "SELECT title FROM \"Cards\" WHERE title = 'theirs' AND deleted_at IS NULL";
    assert_eq!(place.text(untouched).await, "theirs");
}

#[tokio::test]
async fn all_rows_are_read_page_by_page_in_the_order_of_their_making() {
    let Some((_place, database)) = sealed().await else { return };
    let mut tx = database.begin(&acme()).await.expect("begin");
    let mut own = tx.repository::<Card>();
    for number in 0..5 {
        own.create(words(&number.to_string(), Some(number))).await.expect("created");
    }
    let (mut read, mut page) = (Vec::new(), Page { limit: 2, after: None });
    loop {
        let cards = own.find_all(page).await.expect("a page");
        assert!(cards.len() <= 2);
        let Some(last) = cards.last() else { break };
        page.after = Some(last.id);
        read.extend(cards.into_iter().map(|card| card.stars));
    }
    assert_eq!(read, (0..5).map(Some).collect::<Vec<_>>());
}

/// D7: a deleted row is kept and is not found, can be neither changed nor deleted again, and goes for good
/// after its retention, each tenant's by itself.
#[tokio::test]
async fn what_is_deleted_is_kept_hidden_and_purged_after_its_retention() {
    const MONTH: Duration = Duration::from_hours(30 * 24);
    let Some((place, database)) = sealed().await else { return };
    let (mine, theirs) =
        (create(&database, &acme(), "mine").await, create(&database, &globex(), "theirs").await);
    for (context, id) in [(acme(), mine.id), (globex(), theirs.id)] {
        let mut tx = database.begin(&context).await.expect("begin");
        assert!(tx.repository::<Card>().soft_delete(id).await.expect("deleted"));
        tx.commit().await.expect("commit");
    }
    let mut tx = database.begin(&acme()).await.expect("begin");
    let mut own = tx.repository::<Card>();
    assert_eq!(own.find(mine.id).await.expect("asked"), None);
    assert_eq!(own.find_all(Page::default()).await.expect("asked"), []);
    assert_eq!(own.update(mine.id, words("again", None)).await.expect("asked"), None);
    assert!(!own.soft_delete(mine.id).await.expect("asked"), "deleted once");
    assert_eq!(own.purge(MONTH).await.expect("asked"), 0, "it is kept");
    drop(tx);
    let kept = "SELECT count(*)::text FROM \"Cards\"";
    assert_eq!(place.text(kept).await, "2");
    place.run("UPDATE \"Cards\" SET deleted_at = now() - interval '31 days'").await;
    let mut tx = database.begin(&acme()).await.expect("begin");
    assert_eq!(tx.repository::<Card>().purge(MONTH).await.expect("purged"), 1);
    tx.commit().await.expect("commit");
    assert_eq!(place.text(kept).await, "1", "the other tenant's is its own to purge");
}

#[derive(Debug, sqlx::FromRow)]
#[allow(dead_code, reason = "read by nobody: writing it fails")]
struct Short {
    id: Uuid,
}

impl Entity for Short {
    const TABLE: &'static str = Card::TABLE;
    const COLUMNS: &'static [&'static str] = Card::COLUMNS;
    type Draft = ();

    fn bind((): (), values: Values) -> Values {
        values.with("a title, and no stars")
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_said() {
    let Some((_place, database)) = sealed().await else { return };
    let mut tx = database.begin(&acme()).await.expect("begin");
    let short = tx.repository::<Short>().create(()).await.expect_err("a value is missing");
    let sqlx::Error::Encode(source) = &short else { panic!("{short:?}") };
    assert!(source.downcast_ref::<ValuesError>().is_some(), "{source}");
    assert_eq!(
        source.to_string(),
        "a row of public.Cards is written with 2 columns, and 1 values were given"
    );
    let blank = tx.repository::<Card>().create(words("", None)).await.expect_err("the check refuses it");
    assert_eq!(blank.as_database_error().and_then(DatabaseError::code).as_deref(), Some("23514"), "{blank}");
}
