//! What the quickstart promises: the same address answers each tenant with its own notes.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

async fn ask(router: &Router, host: &str, body: Option<&'static str>) -> (StatusCode, String) {
    let request = Request::builder().uri("/notes").header("host", host);
    let request = match body {
        Some(body) => request.method("POST").body(Body::from(body)),
        None => request.body(Body::empty()),
    };
    let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn each_tenant_sees_its_own_notes() {
    let folder = tempfile::Builder::new().prefix("quickstart").permissions(open_folder()).tempdir().unwrap();
    let server =
        Server::start(folder.path().join("postgres"), Install::WhenMissing(&to_stderr)).await.unwrap();
    let passwords = Passwords::random().unwrap();
    let router = application(server.address(), &passwords).await.unwrap();
    make_tenants(server.address(), &passwords).await.unwrap();

    let added = ask(&router, "acme.app.localhost", Some("buy coffee")).await;
    assert_eq!(added.0, StatusCode::CREATED);
    assert_eq!(ask(&router, "acme.app.localhost", None).await.1, r#"["buy coffee"]"#);
    assert_eq!(ask(&router, "globex.app.localhost", None).await.1, "[]");
    assert_eq!(ask(&router, "nobody.app.localhost", None).await.0, StatusCode::NOT_FOUND);
    drop(router);
    server.stop().await.unwrap();
}
