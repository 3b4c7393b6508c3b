//! The operator's console: a list with every kind of name, one tenant, and the form for a new one.

use serde_json::json;
use tests::world::{OPERATOR, PASSWORD};
use tests::{Caller, World};

use super::super::checks::Eye;
use super::super::chromium::{Scripts, browse};
use super::{HOSTILE, look};
use tests::world::BASE;

#[tokio::test]
async fn the_console_fits_every_screen_whatever_tenants_are_called() {
    let test = "the_console_fits_every_screen_whatever_tenants_are_called";
    let world = World::start().await;
    let home = format!("http://admin.{BASE}:{}", world.operator_addr.port());
    browse(test, home, Scripts::On, async move |browser| {
        let eye = Eye::new(test, browser.clone());
        look(&browser, &eye, &[("/", "operator-login")]).await;
        browser.fill("#email", OPERATOR).await;
        browser.fill("#password", PASSWORD).await;
        browser.click("button[type=submit]").await;
        browser.find("#h-tenants").await;

        let operator = Caller::new(world.operator_addr, "admin.mmm.localhost").sign_in(OPERATOR, PASSWORD).await;
        for (at, name) in HOSTILE.iter().enumerate() {
            let subdomain = if at == 2 { "w".repeat(40) } else { format!("hostile-{at}") };
            let tenant = json!({ "subdomain": subdomain, "name": name, "plan": "professional",
                "accent": "#b45309", "admin_email": format!("{at}@hostile.example"), "reason": "a name to look at" });
            let made = operator.post_json("/admin/tenants", &tenant).await;
            assert_eq!(made.status, 201, "{}", made.body);
        }
        look(&browser, &eye, &[("/", "operator-tenants"), ("/?q=nobody", "operator-no-match")]).await;

        browser.open("/tenants/new").await;
        eye.look("operator-new").await;
        for (field, text) in [("#name", HOSTILE[3]), ("#subdomain", "acme"), ("#admin_email", "ida@new.example")] {
            browser.fill(field, text).await;
        }
        browser.fill("#reason", "contract 17").await;
        browser.click("main button.button:not(.second)").await;
        browser.find("[role=alert]").await;
        eye.look("operator-new-refused").await;
        browser.fill("#subdomain", "initech").await;
        browser.click("main button.button:not(.second)").await;
        browser.find("#h-link").await;
        eye.look("operator-tenant-made").await;
        browser.fill("#status-reason", HOSTILE[2]).await;
        browser.click("form[action$='/suspend'] button").await;
        browser.find("form[action$='/resume']").await;
        eye.look("operator-tenant-suspended").await;
        drop(world);
    })
    .await;
}
