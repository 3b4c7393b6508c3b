//! What a workspace has beside its analyses: campaigns, drafts, usage, people, its looks, and every way
//! to be refused.

use serde_json::json;
use tenancy_core::Role;
use tests::World;
use tests::world::{LOGO, PASSWORD, email};

use super::super::checks::Eye;
use super::super::chromium::{Browser, Scripts, browse};
use super::super::{file, origin, typed};
use super::{HOSTILE, as_admin, look};

#[tokio::test]
async fn a_workspace_fits_every_screen_whatever_things_are_called() {
    let test = "a_workspace_fits_every_screen_whatever_things_are_called";
    let world = World::start().await;
    as_admin(&world, "UPDATE control.tenants SET plan = 'professional' WHERE subdomain = 'acme'").await;
    world.override_settings("acme", &json!({ "limits": { "campaigns": 6, "users": 7 } })).await;
    let home = origin(&world, "acme");
    browse(test, home, Scripts::On, async move |browser| {
        let eye = Eye::new(test, browser.clone());
        browser.sign_in(&email("acme", Role::Owner), PASSWORD).await;
        campaigns(&world, &browser, &eye).await;
        social(&world, &browser, &eye).await;
        drafts(&browser, &eye).await;
        people(&world, &browser, &eye).await;
        looks(&browser, &eye).await;
        // From here on the tenant has the longest of names, and a logo.
        world.signed_in("acme", Role::Owner).await.put_logo(LOGO).await;
        for (at, name) in HOSTILE.iter().enumerate() {
            let owner = world.signed_in("acme", Role::Owner).await;
            owner.patch_json("/tenant/branding", &json!({ "name": name, "accent": "#ffd400" })).await;
            look(&browser, &eye, &[("/", &format!("named-{at}"))]).await;
        }
        drawer(&browser, &eye).await;
        look(&browser, &eye, &[("/usage", "usage"), ("/branding", "branding-named")]).await;
        refusals(&world, &browser, &eye).await;
    })
    .await;
}

async fn campaigns(world: &World, browser: &Browser, eye: &Eye) {
    look(browser, eye, &[("/campaigns", "campaigns-empty"), ("/content", "content-empty")]).await;
    browser.open("/campaigns").await;
    browser.fill("#name", HOSTILE[3]).await;
    browser.fill("#budget", "plenty").await;
    browser.click("main .inline-form button").await;
    browser.find("main .inline-form [role=alert]").await;
    eye.look("campaigns-wrong").await;
    let owner = world.signed_in("acme", Role::Owner).await;
    for (name, status) in HOSTILE.iter().zip(["draft", "active", "paused", "scheduled"]) {
        owner.made("/api/campaigns", &json!({ "name": name, "status": status, "budget": 1_250_000 })).await;
    }
    look(browser, eye, &[("/campaigns", "campaigns")]).await;
    for name in ["Fifth", "Sixth", "One too many"] {
        browser.open("/campaigns").await;
        browser.fill("#name", name).await;
        browser.click("main .inline-form button").await;
        browser.find("#h-list").await;
    }
    browser.find("#h-refused").await;
    eye.look("campaigns-full").await;
}

async fn social(world: &World, browser: &Browser, eye: &Eye) {
    look(browser, eye, &[("/social-accounts", "social-empty")]).await;
    browser.fill("#network", "Not A Network!").await;
    browser.fill("#handle", HOSTILE[3]).await;
    browser.click("main .inline-form button").await;
    browser.find("main .inline-form [role=alert]").await;
    eye.look("social-wrong").await;
    let owner = world.signed_in("acme", Role::Owner).await;
    for (network, handle) in [("instagram", "@acme"), ("linkedin", HOSTILE[0]), ("video", HOSTILE[2])] {
        owner.made("/api/social-accounts", &json!({ "network": network, "handle": handle })).await;
    }
    look(browser, eye, &[("/social-accounts", "social")]).await;
}

async fn drafts(browser: &Browser, eye: &Eye) {
    browser.open("/content").await;
    for (field, text) in [("#product", HOSTILE[0]), ("#audience", HOSTILE[3]), ("#benefit", HOSTILE[2])] {
        browser.fill(field, text).await;
    }
    browser.click("main .form button").await;
    browser.find(".draft").await;
    eye.look("content").await;
}

async fn people(world: &World, browser: &Browser, eye: &Eye) {
    let owner = world.signed_in("acme", Role::Owner).await;
    let invite = async |email: &str| {
        let body = json!({ "email": email, "role": "analyst" });
        let invited = owner.post_json("/tenant/users/invite", &body).await;
        assert_eq!(invited.status, 201, "{}", invited.body);
        let link = invited.json()["invite"].as_str().expect("a link").to_owned();
        link.split_once("token=").expect("a token").1.to_owned()
    };
    for (at, name) in HOSTILE.iter().enumerate().skip(1) {
        let token = invite(&format!("person{at}@acme.example")).await;
        let form = [("token", token.as_str()), ("name", name), ("password", PASSWORD)];
        let there = world.at("acme");
        there.send(there.request(reqwest::Method::POST, "/accept").form(&form)).await;
    }
    as_admin(world, "UPDATE control.tenants SET settings = settings || '{\"limits\": {\"campaigns\": 6}}'")
        .await;
    let waiting = invite("a.person.with.quite.a.long.address@subsidiary.of.acme.example").await;
    browser.open("/team").await;
    browser.fill("#email", "another@acme.example").await;
    browser.click("main .form button").await;
    browser.find("#h-link").await;
    eye.look("team").await;
    browser.click("form[action='/logout'] button").await;
    browser.find("#password").await;
    look(
        browser,
        eye,
        &[
            (&format!("/accept?token={waiting}"), "accept"),
            ("/accept?token=x", "accept-gone"),
            ("/forgot", "forgot"),
            ("/reset?token=x", "reset-gone"),
        ],
    )
    .await;
    browser.sign_in(&email("acme", Role::Owner), PASSWORD).await;
    look(browser, eye, &[("/account", "account")]).await;
    browser.fill("#current_password", "not the password").await;
    browser.fill("#new_password", "a long new password").await;
    browser.click("main .form button").await;
    browser.find(".notice").await;
    eye.look("account-wrong").await;
}

async fn looks(browser: &Browser, eye: &Eye) {
    browser.open("/branding").await;
    eye.look("branding").await;
    browser.fill("#accent", "#ffd400").await;
    browser.click("button[name=preview]").await;
    browser.find("main .previews").await;
    assert!(browser.text().await.contains("Nothing is saved yet"));
    eye.look("branding-preview").await;
    browser.fill("#accent", "yellow").await;
    browser.click("main .form button.button:not(.second)").await;
    browser.find("#accent-error").await;
    eye.look("branding-wrong").await;
    browser.open("/branding").await;
    let (_folder, path) = file("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    browser.find("input[type=file]").await.send_keys(typed(&path)).await.expect("a chosen file");
    browser.click(".upload button[type=submit]").await;
    browser.find("#logo-error").await;
    eye.look("branding-logo-refused").await;
}

/// The way to the sections on a small screen: a button, by mouse or keyboard, and Escape back.
async fn drawer(browser: &Browser, eye: &Eye) {
    browser.screen(390, 900, "light").await;
    browser.open("/").await;
    let shown = "return document.querySelector('nav.sections').checkVisibility()";
    let close = "return document.querySelector('.menu-close').checkVisibility()";
    assert_eq!(browser.run(shown).await, false, "no drawer before it is asked for");
    browser.click(".menu-button").await;
    assert_eq!(browser.run(shown).await, true);
    assert_eq!(browser.run(close).await, true);
    browser.shoot("drawer-390-light").await;
    browser.screen(390, 900, "dark").await;
    browser.shoot("drawer-390-dark").await;
    eye.axe("drawer", "dark").await;
    browser.screen(1440, 900, "light").await;
    assert_eq!(browser.run(close).await, false, "beside the page there is nothing to close");
    browser.click("nav.sections a[href='/data']").await;
    browser.find("#h-upload").await;
}

async fn refusals(world: &World, browser: &Browser, eye: &Eye) {
    as_admin(world, "UPDATE control.tenants SET plan = 'starter' WHERE subdomain = 'acme'").await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    browser.open("/content").await;
    assert!(browser.text().await.contains("This feature requires Professional plan"));
    assert!(browser.text_of("main .button").await.contains("Upgrade Now"));
    eye.look("plan-required").await;
    as_admin(world, "ALTER TABLE public.campaigns RENAME TO lost").await;
    browser.open("/campaigns").await;
    browser.find("code").await;
    eye.look("broken").await;
    as_admin(world, "ALTER TABLE public.lost RENAME TO campaigns").await;
    browser.open("/").await;
    browser.click("form[action='/logout'] button").await;
    browser.sign_in(&email("acme", Role::Viewer), PASSWORD).await;
    look(browser, eye, &[("/team", "role-required")]).await;
    world.override_settings("acme", &json!({ "rate": { "per_second": 1, "burst": 1 } })).await;
    browser.open("/").await;
    browser.open("/").await;
    assert!(browser.text_of(".bare-main").await.contains("429"));
    eye.look("too-many").await;
    as_admin(world, "UPDATE control.tenants SET status = 'suspended' WHERE subdomain = 'acme'").await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    look(browser, eye, &[("/", "suspended")]).await;
}
