//! Callers: a host, perhaps a token, and answers that can be compared to the byte.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, HOST, HeaderMap, ORIGIN};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// Somebody who talks to the platform at one host. Connects to the listener whatever the host is
/// called, as scripts do.
#[derive(Clone, Debug)]
pub struct Caller {
    client: Client,
    addr: SocketAddr,
    host: String,
    token: Option<String>,
}

/// Headers that differ from request to request. Whether there is an allowance at all is not among
/// them: `ratelimit-limit` is compared.
const CHANGING: [&str; 4] = ["date", "x-request-id", "ratelimit-remaining", "ratelimit-reset"];

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Caller {
    /// A caller without a credential.
    ///
    /// # Panics
    ///
    /// When no client can be made.
    pub fn new(addr: SocketAddr, host: &str) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(1))
            .no_proxy()
            .build()
            .expect("a client");
        Self { client, addr, host: host.to_owned(), token: None }
    }

    /// The same caller with this token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The same credential at another host.
    #[must_use]
    pub fn at_host(&self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self.clone() }
    }

    /// The same credential at another listener and host.
    #[must_use]
    pub fn at(&self, addr: SocketAddr, host: &str) -> Self {
        Self { addr, ..self.at_host(host) }
    }

    /// The host this caller talks to.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The listener this caller connects to.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The same place without a credential.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The caller's token.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Signs in and carries the token from then on.
    ///
    /// # Panics
    ///
    /// When the platform refuses.
    pub async fn sign_in(self, email: &str, password: &str) -> Self {
        let answer = self.post_json("/auth/login", &json!({ "email": email, "password": password })).await;
        assert_eq!(answer.status, StatusCode::OK, "sign in as {email} at {}: {}", self.host, answer.body);
        let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
        self.with_token(&token)
    }

    /// A request to be completed.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request =
            self.client.request(method, format!("http://{}{path}", self.addr)).header(HOST, &self.host);
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Panics
    ///
    /// When the connection breaks.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.text().await.expect("a body") }
    }

    /// GET, as a program.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET, as a browser that navigates.
    pub async fn get_page(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(ACCEPT, "text/html")).await
    }

    /// POST with a JSON body.
    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Makes something by a POST; answers its id.
    ///
    /// # Panics
    ///
    /// When the platform refuses.
    pub async fn made(&self, path: &str, body: &Value) -> String {
        let made = self.post_json(path, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{path}: {}", made.body);
        made.json()["id"].as_str().expect("an id").to_owned()
    }

    /// PATCH with a JSON body.
    pub async fn patch_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// PUT with a JSON body.
    pub async fn put_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// Puts up a logo.
    ///
    /// # Panics
    ///
    /// When the platform refuses.
    pub async fn put_logo(&self, picture: &'static [u8]) {
        let put = self.send(self.request(Method::PUT, "/tenant/branding/logo").body(picture)).await;
        assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    }

    /// Uploads a CSV as it is.
    pub async fn upload(&self, csv: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, "/tenant/data/upload").header("content-type", "text/csv");
        self.send(request.body(csv)).await
    }

    /// Uploads a CSV under a name.
    pub async fn propose(&self, csv: &str, name: &str) -> Answer {
        let path = format!("/tenant/data/upload?name={name}");
        let request = self.request(Method::POST, &path).header("content-type", "text/csv");
        self.send(request.body(csv.to_owned())).await
    }

    /// POST of a form, as this host's own page sends it.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).header(ACCEPT, "text/html");
        self.send(request.header(ORIGIN, format!("http://{}", self.host)).form(fields)).await
    }

    /// Uploads the simulated example with the roles that were suggested; answers the source's id.
    ///
    /// # Panics
    ///
    /// When the platform refuses.
    pub async fn ready_source(&self, csv: &str, kpi_value: Option<f64>) -> String {
        self.ready_source_named(csv, "example.csv", kpi_value).await
    }

    /// The same under a name.
    ///
    /// # Panics
    ///
    /// When the platform refuses.
    pub async fn ready_source_named(&self, csv: &str, name: &str, kpi_value: Option<f64>) -> String {
        let proposed = self.propose(csv, name).await;
        assert_eq!(proposed.status, StatusCode::CREATED, "{}", proposed.body);
        let proposed = proposed.json();
        let id = proposed["source_id"].as_str().expect("an id").to_owned();
        let body = json!({ "columns": proposed["columns"], "kpi_value": kpi_value });
        let ready = self.put_json(&format!("/tenant/data/sources/{id}/roles"), &body).await;
        assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
        assert_eq!(ready.json()["status"], "ready");
        id
    }

    /// Starts a run; answers its id.
    ///
    /// # Panics
    ///
    /// When the platform refuses.
    pub async fn start_run(&self, source: &str) -> String {
        let started =
            self.post_json("/tenant/analysis/run", &json!({ "source_id": source, "seed": 7 })).await;
        assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.body);
        started.json()["analysis_id"].as_str().expect("an id").to_owned()
    }

    /// Polls a run until it is done or failed.
    ///
    /// # Panics
    ///
    /// When it takes longer than two minutes.
    pub async fn finished_run(&self, id: &str) -> Value {
        let started = Instant::now();
        loop {
            let analysis = self.get(&format!("/tenant/analysis/{id}")).await.json();
            if analysis["state"] == "done" || analysis["state"] == "failed" {
                return analysis;
            }
            assert!(started.elapsed() < Duration::from_mins(2), "still {analysis}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The address of the stylesheet with the tenant's colours, as the page names it.
    ///
    /// # Panics
    ///
    /// When it names none.
    pub fn stylesheet(&self) -> &str {
        let at = self.body.find("/assets/accent-").unwrap_or_else(|| panic!("no colours: {}", self.body));
        self.body[at..].split('"').next().unwrap_or_default()
    }

    /// One header as text; empty where there is none.
    pub fn header(&self, name: &str) -> String {
        let value =
            self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        value.unwrap_or_default()
    }

    /// Everything a stranger can compare, without what differs from request to request.
    pub fn comparable(&self) -> (StatusCode, Vec<(String, String)>, &str) {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| !CHANGING.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        headers.sort();
        (self.status, headers, &self.body)
    }
}
