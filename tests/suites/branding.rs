//! How a tenant presents itself: changed by those who manage it, seen on the next request, and the
//! business of nobody else.

use reqwest::header::{ACCEPT, IF_NONE_MATCH, ORIGIN};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Row as _;
use tenancy_core::Role;
use tests::world::{ACCENTS, LOGO, email};
use tests::{Answer, Caller, World};

/// Pages of every kind: before and after signing in, and one that refuses.
async fn faces(world: &World, tenant: &str) -> Vec<(&'static str, Answer)> {
    let (owner, viewer) =
        (world.signed_in(tenant, Role::Owner).await, world.signed_in(tenant, Role::Viewer).await);
    vec![
        ("/login", world.at(tenant).get_page("/login").await),
        ("/accept", world.at(tenant).get_page("/accept?token=none").await),
        ("/", owner.get_page("/").await),
        ("/data", owner.get_page("/data").await),
        ("/runs", owner.get_page("/runs").await),
        ("/campaigns", owner.get_page("/campaigns").await),
        ("/team", owner.get_page("/team").await),
        ("/usage", owner.get_page("/usage").await),
        ("/branding", owner.get_page("/branding").await),
        ("/team, forbidden", viewer.get_page("/team").await),
        ("/content, not in the plan", owner.get_page("/content").await),
    ]
}

async fn put(caller: &Caller, bytes: impl Into<Vec<u8>>) -> Answer {
    caller.send(caller.request(Method::PUT, "/tenant/branding/logo").body(bytes.into())).await
}

/// Sends the form of the page, as a browser.
async fn send(caller: &Caller, bytes: impl Into<Vec<u8>>, name: &str, mime: &str) -> Answer {
    let file = Part::bytes(bytes.into()).file_name(name.to_owned()).mime_str(mime).expect("a type");
    let request = caller.request(Method::POST, "/branding/logo").multipart(Form::new().part("file", file));
    let origin = format!("http://{}", caller.host());
    caller.send(request.header(ACCEPT, "text/html").header(ORIGIN, origin)).await
}

/// B2, B3, B4: a change is on the next answer of every page, and on none of another tenant's.
#[tokio::test]
async fn a_change_shows_on_the_next_request_everywhere_and_nowhere_else() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    for (path, page) in faces(&world, "acme").await {
        assert!(
            page.body.contains("acme ltd") && page.stylesheet().contains(&ACCENTS[0][1..]),
            "{path}: {}",
            page.body
        );
        assert!(!page.body.contains("<img"), "{path}: initials stand in for a logo");
    }
    let changed =
        owner.patch_json("/tenant/branding", &json!({ "name": "Röstwerk", "accent": "#FFD400" })).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!((&changed.json()["name"], &changed.json()["accent"]), (&json!("Röstwerk"), &json!("#ffd400")));
    assert_eq!(put(&owner, LOGO).await.status, StatusCode::OK);

    for (path, page) in faces(&world, "acme").await {
        assert!(page.body.contains("Röstwerk"), "{path}: {}", page.body);
        assert!(page.body.contains("<img class=\"logo\" src=\"/brand/logo?v="), "{path}: {}", page.body);
        assert!(page.stylesheet().contains("ffd400"), "{path}: {}", page.body);
    }
    let css = world.at("acme").get("/assets/accent-ffd400.css").await.body;
    assert!(css.contains("--accent: #ffd400;"), "{css}");
    for (path, page) in faces(&world, "globex").await {
        assert!(!page.body.contains("Röstwerk") && !page.body.contains("<img"), "{path}: {}", page.body);
        assert!(page.stylesheet().contains(&ACCENTS[1][1..]), "{path}: {}", page.body);
    }

    // null goes back to what the operator and the platform chose; what is not named stays.
    owner.patch_json("/tenant/branding", &json!({ "name": null })).await;
    let now = owner.get("/tenant/branding").await.json();
    assert_eq!((&now["name"], &now["accent"]), (&json!("acme ltd"), &json!("#ffd400")));
    assert!(now["logo"].is_string(), "{now}");

    let log =
        "SELECT old_values, new_values FROM public.audit_logs WHERE action = 'set_brand' ORDER BY id LIMIT 1";
    let row = sqlx::query(log).fetch_one(&mut world.admin().await).await.expect("a line in the log");
    assert_eq!(row.get::<Value, _>(0), json!({ "accent": ACCENTS[0] }));
    assert_eq!(row.get::<Value, _>(1), json!({ "name": "Röstwerk", "accent": "#ffd400" }));
}

/// B3: what cannot be used is refused in words beside its field, and nothing of it is stored.
#[tokio::test]
async fn a_brand_that_cannot_be_is_refused() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let before = owner.get("/tenant/branding").await.json();
    for (change, code) in [
        (json!({ "accent": "red" }), "accent_invalid"),
        (json!({ "accent": "#fff" }), "accent_invalid"),
        (json!({ "accent": "#ffffff;}body{display:none" }), "accent_invalid"),
        (json!({ "name": "x".repeat(201) }), "name_invalid"),
        (json!({ "name": "a\u{7}" }), "name_invalid"),
        (json!({ "accent": 7 }), "bad_brand"),
        (json!({ "logo": "a".repeat(64) }), "bad_brand"),
        (json!({ "features": { "ai_content": true } }), "bad_brand"),
        (json!([1]), "bad_body"),
    ] {
        let answer = owner.patch_json("/tenant/branding", &change).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{change}: {}", answer.body);
        assert_eq!(answer.json()["code"], code, "{change}");
    }
    let typed = owner.post_form("/branding", &[("name", "Mine"), ("accent", "blue")]).await;
    assert_eq!(typed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        typed.body.contains("id=\"accent-error\"") && typed.body.contains("value=\"Mine\""),
        "{}",
        typed.body
    );
    // The preview shows shades and stores nothing.
    let shown = owner.post_form("/branding", &[("accent", "#ffd400"), ("preview", "yes")]).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(
        shown.body.contains("Nothing is saved yet") && shown.body.contains("text needs 4.5:1"),
        "{}",
        shown.body
    );
    assert_eq!(owner.get("/tenant/branding").await.json(), before);
}

/// P2, D12: of its settings a tenant changes its brand alone, by those who manage it, and only its own;
/// the database says so, whatever the application does.
#[tokio::test]
async fn a_tenant_changes_its_brand_and_nothing_else_of_its_settings() {
    let world = World::start().await;
    let granted = json!({ "limits": { "campaigns": 3 }, "features": { "ai_content": false } });
    world.override_settings("acme", &granted).await;
    let mut admin = world.admin().await;
    let id = "SELECT id FROM control.users WHERE email = $1";
    let mut ids = Vec::new();
    for (tenant, role) in [("acme", Role::Owner), ("acme", Role::Viewer), ("globex", Role::Owner)] {
        let id: uuid::Uuid =
            sqlx::query_scalar(id).bind(email(tenant, role)).fetch_one(&mut admin).await.expect("a person");
        ids.push(id);
    }
    let set = "SELECT after FROM control.set_brand($1, $2)";
    let change = json!({ "limits": { "campaigns": 900 }, "name": "x" });
    for (by, allowed) in ids.into_iter().zip([true, false, false]) {
        let mut tx = world.platform.app.database.begin(&world.context("acme").await).await.expect("begin");
        let done = sqlx::query_scalar::<_, Value>(set).bind(by).bind(&change).fetch_one(&mut *tx).await;
        if allowed {
            assert_eq!(done.expect("a brand")["limits"], change["limits"]);
            tx.commit().await.expect("commit");
        } else {
            let code = done.as_ref().err().and_then(|e| e.as_database_error()?.code().map(String::from));
            assert_eq!(code.as_deref(), Some("42501"), "{done:?}");
        }
    }
    let endless = json!({ "name": "x".repeat(5000) });
    let owner = sqlx::query_scalar::<_, uuid::Uuid>(id).bind(email("acme", Role::Owner));
    let owner = owner.fetch_one(&mut admin).await.expect("the owner");
    let mut tx = world.platform.app.database.begin(&world.context("acme").await).await.expect("begin");
    let done = sqlx::query(set).bind(owner).bind(endless).execute(&mut *tx).await;
    assert!(done.is_err(), "a brand without end");
    drop(tx);

    let settings = "SELECT settings FROM control.tenants WHERE subdomain = $1";
    let acme: Value =
        sqlx::query_scalar(settings).bind("acme").fetch_one(&mut admin).await.expect("settings");
    assert_eq!((&acme["limits"], &acme["features"]), (&granted["limits"], &granted["features"]));
    let globex: Value =
        sqlx::query_scalar(settings).bind("globex").fetch_one(&mut admin).await.expect("settings");
    assert_eq!(globex, json!({ "brand": { "accent": ACCENTS[1] } }));
}

/// B2: a logo is what its bytes say, is served so that it can only be a picture, and is the tenant's.
#[tokio::test]
async fn a_logo_is_a_picture_and_nothing_else() {
    let world = World::start().await;
    let (owner, anybody) = (world.signed_in("acme", Role::Owner).await, world.at("acme"));
    assert_eq!(anybody.get("/brand/logo").await.status, StatusCode::NOT_FOUND);
    for (bytes, mime) in [
        (LOGO, "image/png"),
        (include_bytes!("../files/logo.jpg").as_slice(), "image/jpeg"),
        (include_bytes!("../files/logo.webp").as_slice(), "image/webp"),
    ] {
        // The name and the type that the sender claims say nothing.
        let sent = send(&owner, bytes, "page.html", "text/html").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{mime}: {}", sent.body);
        let address =
            owner.get("/tenant/branding").await.json()["logo"].as_str().expect("an address").to_owned();
        let got = anybody.request(Method::GET, &address).send().await.expect("an answer");
        let header = |name: &str| got.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert_eq!((got.status(), header("content-type")), (StatusCode::OK, mime));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
        let etag = header("etag").to_owned();
        assert_eq!(got.bytes().await.expect("bytes").as_ref(), bytes, "byte for byte");
        let again = anybody.send(anybody.request(Method::GET, &address).header(IF_NONE_MATCH, &etag)).await;
        assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    }
    assert_eq!(world.at("globex").get("/brand/logo").await.status, StatusCode::NOT_FOUND);

    let last = owner.get("/tenant/branding").await.json();
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>"#.to_vec();
    let mut bomb = LOGO.to_vec();
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let too_large = [LOGO, &vec![0; 200 * 1024]].concat();
    for (bytes, status, word) in [
        (svg, 422, "SVG"),
        (b"<html><script>alert(1)</script>".to_vec(), 422, "PNG, JPEG or WebP"),
        (LOGO[..LOGO.len() - 5].to_vec(), 422, "cut off"),
        (bomb, 422, "65535 by 65535"),
        (Vec::new(), 422, "empty"),
        (too_large, 413, "larger than 200"),
        (vec![0; 3 * 1024 * 1024], 413, "larger than 200"),
    ] {
        let form = send(&owner, bytes.clone(), "logo.png", "image/png").await;
        assert_eq!(form.status, status, "{word}");
        assert!(form.body.contains("id=\"logo-error\"") && form.body.contains(word), "{word}: {}", form.body);
        assert_eq!(put(&owner, bytes).await.status, status, "{word}");
    }
    assert_eq!(owner.get("/tenant/branding").await.json(), last, "a refused file changes nothing");
    let gone = owner.send(owner.request(Method::DELETE, "/tenant/branding/logo")).await;
    assert_eq!((gone.status, &gone.json()["logo"]), (StatusCode::OK, &Value::Null));
    assert_eq!(anybody.get("/brand/logo").await.status, StatusCode::NOT_FOUND);
}

/// B2: a suspended tenant's page has its name and colours, although nothing of it is served.
#[tokio::test]
async fn a_suspended_tenant_looks_like_itself() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    owner.patch_json("/tenant/branding", &json!({ "name": "Röstwerk", "accent": "#ffd400" })).await;
    owner.put_logo(LOGO).await;
    let sql = "UPDATE control.tenants SET status = 'suspended' WHERE subdomain = 'acme'";
    sqlx::query(sql).execute(&mut world.admin().await).await.expect("a suspension");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let page = world.at("acme").get_page("/").await;
    assert!(page.status == StatusCode::FORBIDDEN && page.body.contains("Röstwerk"), "{}", page.body);
    assert!(world.at("acme").get(page.stylesheet()).await.body.contains("--accent: #ffd400;"));
    assert!(!page.body.contains("<img"), "a picture that is refused: {}", page.body);
}

/// B2, L: a name is text wherever it stands.
#[tokio::test]
async fn a_hostile_name_stays_text() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let name = "</title><script>alert(1)</script>\"'&\u{202e} red";
    assert_eq!(owner.post_form("/branding", &[("name", name)]).await.status, StatusCode::SEE_OTHER);
    for (path, page) in faces(&world, "acme").await {
        assert!(!page.body.contains("<script>alert"), "{path}: {}", page.body);
        assert!(page.body.contains("&#60;script&#62;alert(1)"), "{path}: {}", page.body);
    }
}

/// B11, P4: an enterprise's pages bear its own name alone; the others' say whose platform it is.
#[tokio::test]
async fn an_enterprises_pages_do_not_name_the_platform() {
    let world = World::start().await;
    let sql = "UPDATE control.tenants SET plan = 'enterprise' WHERE subdomain = 'acme'";
    sqlx::query(sql).execute(&mut world.admin().await).await.expect("a plan");
    for tenant in ["acme", "globex"] {
        for (path, page) in faces(&world, tenant).await {
            let named = page.body.contains(platform::pages::PRODUCT);
            assert_eq!(named, tenant == "globex", "{tenant}{path}: {}", page.body);
        }
    }
    let nothing = world.at("acme").get_page("/no-such-page").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    assert!(!nothing.body.contains(platform::pages::PRODUCT), "{}", nothing.body);
}

/// M6: what broke inside is told by the request's id, which the log has too, and by nothing else.
#[tokio::test]
async fn what_broke_inside_is_told_by_the_requests_id_alone() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    sqlx::query("ALTER TABLE public.campaigns RENAME TO lost")
        .execute(&mut world.admin().await)
        .await
        .expect("a break");
    let json = owner.get("/api/campaigns").await;
    assert_eq!(
        (json.status, &json.json()["error"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &json!("Internal server error"))
    );
    assert_eq!(json.json()["request_id"], json.header("x-request-id"));
    let page = owner.get_page("/campaigns").await;
    let id = page.header("x-request-id");
    assert_eq!((page.status, id.len()), (StatusCode::INTERNAL_SERVER_ERROR, 36));
    assert!(
        page.body.contains(&format!("<code>{id}</code>")) && page.body.contains("acme ltd"),
        "{}",
        page.body
    );
    for body in [json.body, page.body] {
        assert!(!body.contains("lost") && !body.contains("SELECT") && !body.contains("relation"), "{body}");
    }
}
