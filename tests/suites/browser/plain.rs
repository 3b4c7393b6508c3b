//! Every form without a script.

use std::time::Duration;

use tenancy_core::Role;
use tests::World;
use tests::program::until;
use tests::world::{PASSWORD, email};

use super::chromium::{Scripts, browse};
use super::{example_file, origin, typed};

#[tokio::test]
async fn everything_can_be_done_without_scripts() {
    let world = World::start_with_worker().await;
    let home = origin(&world, "globex");
    browse("everything_can_be_done_without_scripts", home, Scripts::Off, async move |browser| {
        browser.sign_in(&email("globex", Role::Analyst), PASSWORD).await;
        assert!(!browser.has("html.js").await, "scripts run");
        browser.open("/data").await;
        let (_folder, path) = example_file();
        browser.find("input[type=file]").await.send_keys(typed(&path)).await.expect("a chosen file");
        browser.click(".upload button[type=submit]").await;
        browser.fill("#kpi_value", "1").await;
        browser.click(".confirm button").await;
        browser.click("form[action='/runs'] button").await;
        browser.find("[data-progress]").await;
        assert!(browser.text().await.contains("Load this page again"), "says how to go on");
        until("a reload shows results", Duration::from_secs(90), async || {
            browser.driver.refresh().await.expect("the page again");
            browser.has(".figure").await
        })
        .await;
        browser.click("form[action='/logout'] button").await;
        browser.find("#password").await;
        drop(world);
    })
    .await;
}
