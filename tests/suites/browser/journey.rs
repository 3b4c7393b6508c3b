//! From the first visit to results, by mouse and keyboard.

use std::time::Duration;

use tenancy_core::Role;
use tests::World;
use tests::program::until;
use tests::world::{ACCENTS, PASSWORD, email};
use thirtyfour::prelude::*;

use super::chromium::{Browser, Scripts, browse};
use super::{example_file, origin, typed};

#[tokio::test]
async fn a_person_walks_from_the_first_visit_to_results() {
    let test = "a_person_walks_from_the_first_visit_to_results";
    let world = World::start_with_worker().await;
    let home = origin(&world, "acme");
    let there = home.clone();
    browse(test, home, Scripts::On, async move |browser| {
        signs_in(&browser).await;
        uploads(&browser).await;
        maps(&browser).await;
        runs(&browser).await;
        reads(&browser).await;
        assert_eq!(
            browser.asked_origins().await.into_iter().collect::<Vec<_>>(),
            [there],
            "asked only its own"
        );
        drop(world);
    })
    .await;
}

async fn quiet(browser: &Browser) {
    assert_eq!(browser.complaints().await, Vec::<String>::new(), "at {}", browser.path().await);
}

async fn signs_in(browser: &Browser) {
    browser.open("/").await;
    browser.find("input#password").await;
    assert_eq!(browser.path().await, "/login");
    assert!(browser.text().await.contains("acme ltd"), "branded");
    quiet(browser).await;

    let address = email("acme", Role::Owner);
    browser.fill("#email", &address).await;
    browser.fill("#password", "not this one").await;
    browser.click("button[type=submit]").await;
    let error = browser.text_of("#login-error").await;
    assert!(error.contains("do not match"), "{error}");
    let kept = browser.find("#email").await.prop("value").await.expect("the field");
    assert_eq!(kept.as_deref(), Some(address.as_str()), "what was typed stays");
    let said = browser.complaints().await;
    assert!(said.iter().all(|line| line.contains("/login") && line.contains("401")), "{said:?}");

    // By keyboard: the password has the focus, the next stop is the button.
    let focused = || browser.run("const e = document.activeElement; return e.id || e.type;");
    assert_eq!(focused().await, "password");
    browser.find("#password").await.send_keys(PASSWORD + Key::Tab).await.expect("keys");
    assert_eq!(focused().await, "submit");
    browser.find("button[type=submit]").await.send_keys(Key::Enter + "").await.expect("a key");
    browser.find("nav.sections").await;
    assert_eq!(browser.path().await, "/");

    let cookies = browser.driver.get_all_cookies().await.expect("cookies");
    let [cookie] = cookies.as_slice() else { panic!("{} cookies", cookies.len()) };
    assert_eq!(cookie.name, "__Host-session");
    assert_eq!((cookie.secure, cookie.path.as_deref()), (Some(true), Some("/")));
    assert_eq!(cookie.domain.as_deref(), Some("acme.mmm.localhost"), "of this host only");
    assert_eq!(browser.run("return document.cookie").await, "", "out of reach of scripts");
    let raw = browser.tell("Network.getCookies", serde_json::json!({})).await;
    let raw = &raw["cookies"][0];
    assert_eq!((&raw["httpOnly"], &raw["secure"]), (&true.into(), &true.into()), "{raw}");
    assert!(raw["sameSite"] == "Lax" || raw["sameSite"] == "Strict", "{raw}");
    quiet(browser).await;
}

async fn uploads(browser: &Browser) {
    assert!(
        browser.text_of("h1").await.contains("Find out what your channels"),
        "an empty overview says what to do"
    );
    browser.click("a.button[href='/data']").await;
    let field = browser.find("input[type=file]").await;
    let (_folder, path) = example_file();
    field.send_keys(typed(&path)).await.expect("a chosen file");
    assert_eq!(browser.text_of("[data-file-name]").await, "weekly.csv");
    browser.click(".upload button[type=submit]").await;
    browser.find("select#role-0").await;
    quiet(browser).await;
}

async fn maps(browser: &Browser) {
    let roles = browser.run("return [...document.querySelectorAll('[data-role]')].map(s => s.value)").await;
    let roles: Vec<_> = roles.as_array().into_iter().flatten().filter_map(|role| role.as_str()).collect();
    assert_eq!(&roles[..5], ["date", "kpi", "media_spend", "media_spend", "media_spend"], "{roles:?}");
    assert_eq!(browser.run("return document.querySelectorAll('tbody tr').length").await, 8, "a preview");

    browser.fill("#kpi_value", "plenty").await;
    browser.click(".confirm button").await;
    let error = browser.text_of("#kpi-error").await;
    assert!(!error.is_empty());
    let kept = browser.find("#kpi_value").await.prop("value").await.expect("the field");
    assert_eq!(kept.as_deref(), Some("plenty"));
    let said = browser.complaints().await;
    assert!(said.iter().all(|line| line.contains("422")), "{said:?}");

    browser.fill("#kpi_value", "1").await;
    browser.click(".confirm button").await;
    browser.find("form[action='/runs'] button").await;
    assert!(browser.text().await.contains("104 weeks"), "{}", browser.text().await);
    quiet(browser).await;
}

async fn runs(browser: &Browser) {
    browser.open("/").await;
    assert!(browser.text_of("h1").await.contains("One step is left"));
    browser.click("form[action='/runs'] button").await;
    browser.find("[data-progress]").await;
    assert!(browser.path().await.starts_with("/runs/"));
    // The page asks by itself and becomes the results.
    until("the page shows results", Duration::from_secs(90), async || browser.has("figure, .figure").await)
        .await;
    assert!(!browser.has("[data-progress]").await);
    assert!(browser.text().await.contains("Can these numbers be trusted?"));
    quiet(browser).await;
}

async fn reads(browser: &Browser) {
    browser.open("/").await;
    browser.find("dl.tiles").await;
    let tiles = browser.run("return document.querySelectorAll('.tile').length").await;
    assert!(tiles.as_u64() >= Some(3), "{tiles}");
    let charts = "return [...document.querySelectorAll('.figure svg')].map(s => \
        [!!s.querySelector('title'), !!s.querySelector('desc')].every(Boolean))";
    let charts = browser.run(charts).await;
    assert!(
        charts.as_array().is_some_and(|all| all.len() >= 2 && all.iter().all(|one| one == true)),
        "{charts}"
    );
    let lead = browser.text_of("h1").await;
    assert!(lead.contains('%'), "an interval is said with its level: {lead}");

    // Every chart has its numbers on the same page and as files.
    browser.click(".figure summary").await;
    assert!(browser.find(".figure details[open] tbody tr").await.is_displayed().await.expect("a table"));
    let files = "return Promise.all([...document.querySelectorAll('.downloads a')].map(a => \
        fetch(a.href).then(r => [r.status, r.headers.get('content-type')].join(' '))))";
    let files = browser.run(files).await;
    let good = |file: &serde_json::Value| {
        matches!(file.as_str(), Some("200 text/csv; charset=utf-8" | "200 application/json"))
    };
    assert!(files.as_array().is_some_and(|all| all.len() >= 4 && all.iter().all(good)), "{files}");

    browser.click("a[href='/runs']").await;
    browser.click(".row-link").await;
    browser.find(".figure").await;
    browser.click("form[action='/logout'] button").await;
    browser.find("#password").await;
    assert!(browser.text().await.contains("signed out"), "{}", browser.text().await);
    browser.open("/data").await;
    assert_eq!(browser.path().await, "/login", "the session has ended");
    quiet(browser).await;
}

const ACCENT: &str = "return getComputedStyle(document.documentElement).getPropertyValue('--accent').trim()";

/// Every page that an owner finds, and one that refuses.
const PAGES: [&str; 11] = [
    "/",
    "/data",
    "/runs",
    "/recommendations",
    "/campaigns",
    "/social-accounts",
    "/content",
    "/usage",
    "/team",
    "/branding",
    "/runs?page=x",
];

/// B2, B3, B4, B9, P4: two tenants in two tabs of one browser. Each page is its tenant's in name, colour
/// and sections, names nothing of the other, and shows a change of its brand on its next load.
#[tokio::test]
async fn two_tenants_side_by_side_look_like_themselves_on_every_page() {
    let world = World::start_with_worker().await;
    sqlx::query("UPDATE control.tenants SET plan = 'professional' WHERE subdomain = 'globex'")
        .execute(&mut world.admin().await)
        .await
        .expect("a plan");
    let names = [("acme", "Zebra spring sale"), ("globex", "Okapi autumn sale")];
    for (tenant, campaign) in names {
        let owner = world.signed_in(tenant, Role::Owner).await;
        owner.made("/api/campaigns", &serde_json::json!({ "name": campaign })).await;
    }
    let runs = [world.furnish("acme", "Zebra").await.run, world.furnish("globex", "Okapi").await.run];
    let homes = ["acme", "globex"].map(|tenant| origin(&world, tenant));
    let test = "two_tenants_side_by_side_look_like_themselves_on_every_page";
    browse(test, homes[0].clone(), Scripts::On, async move |browser| {
        let tabs = homes.map(|home| browser.at(home));
        for (at, tab) in tabs.iter().enumerate() {
            tab.open("/login").await;
            is_its_own(tab, at, "/login").await;
            tab.sign_in(&email(names[at].0, Role::Owner), PASSWORD).await;
        }
        for path in PAGES {
            for (at, tab) in tabs.iter().enumerate() {
                tab.open(path).await;
                is_its_own(tab, at, path).await;
                if path == "/campaigns" {
                    assert!(tab.text().await.contains(names[at].1), "{}", tab.text().await);
                }
            }
        }
        for (at, tab) in tabs.iter().enumerate() {
            let path = format!("/runs/{}", runs[at]);
            tab.open(&path).await;
            is_its_own(tab, at, &path).await;
            assert!(tab.text().await.contains(["Zebra", "Okapi"][at]), "its own channel is drawn");
        }
        let drafts = "return !!document.querySelector('nav.sections a[href=\"/content\"]')";
        for (tab, has) in tabs.iter().zip([false, true]) {
            tab.open("/").await;
            assert_eq!(tab.run(drafts).await, has, "drafts are part of the professional plan");
        }

        tabs[0].open("/branding").await;
        tabs[0].fill("#name", "Röstwerk").await;
        tabs[0].fill("#accent", "#ffd400").await;
        tabs[0].click("main .form button.button:not(.second)").await;
        tabs[0].find(".notice.good").await;
        for path in PAGES {
            tabs[0].open(path).await;
            assert_eq!(tabs[0].run(ACCENT).await, "#ffd400", "{path}");
            assert!(tabs[0].text().await.contains("Röstwerk"), "{path}");
            tabs[1].open(path).await;
            is_its_own(&tabs[1], 1, path).await;
        }
        drop(world);
    })
    .await;
}

/// The page that is open is this tenant's, and no word of it is the other's.
async fn is_its_own(tab: &Browser, at: usize, path: &str) {
    const OURS: [&str; 2] = ["acme ltd", "globex ltd"];
    const THEIRS: [[&str; 2]; 2] = [["globex", "Okapi"], ["acme", "Zebra"]];
    assert_eq!(tab.run(ACCENT).await, ACCENTS[at], "{path}");
    let html = tab.run("return document.documentElement.outerHTML").await;
    let html = html.as_str().expect("a page");
    assert!(html.contains(OURS[at]), "{path}: {html}");
    for word in THEIRS[at] {
        assert!(!html.contains(word), "{path} names {word}: {html}");
    }
}
