//! A headless Chromium with a profile of its own, driven over `WebDriver`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::shared;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::LocalSet;

/// How long a page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keeps Chromium on its own pages: no sandbox (root has none), no traffic of its own.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1440,1000",
];

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scripts {
    On,
    Off,
}

/// A window.
#[derive(Clone)]
pub(super) struct Browser {
    /// What drives it.
    pub(super) driver: WebDriver,
    /// Scheme, host and port of where relative paths lead.
    origin: String,
}

/// Runs `journey` in a fresh browser and closes the browser, however the journey ends.
pub(super) async fn browse<F>(
    test: &str,
    origin: String,
    scripts: Scripts,
    journey: impl FnOnce(Browser) -> F,
) where
    F: Future<Output = ()> + 'static,
{
    let Some((driver_process, port)) = start_driver().await else {
        return shared::skip(test, "chromedriver is not installed");
    };
    let profile = TempDir::new().expect("a profile");
    let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities(&profile, scripts))
        .await
        .expect("a browser");
    let tasks = LocalSet::new();
    let journey = tasks.spawn_local(journey(Browser { driver: driver.clone(), origin }));
    let ended = tasks.run_until(journey).await;
    let closed = driver.quit().await;
    drop(driver_process);
    if let Err(error) = ended {
        std::panic::resume_unwind(error.into_panic());
    }
    closed.expect("the browser closes");
}

/// A free port is the driver's own choice, which it prints.
async fn start_driver() -> Option<(Child, u16)> {
    let mut command = Command::new("chromedriver");
    command
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut driver = command.spawn().ok()?;
    let mut lines = BufReader::new(driver.stdout.take()?).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            let port = port.trim_end_matches('.').parse().expect("a port");
            // Read on, so that it never waits for somebody to.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some((driver, port));
        }
    }
    None
}

fn capabilities(profile: &TempDir, scripts: Scripts) -> ChromeCapabilities {
    let set_up = || -> WebDriverResult<ChromeCapabilities> {
        let mut wanted = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wanted.add_arg(flag)?;
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        wanted.set_logging_prefs("browser", LoggingPrefsLogLevel::All)?;
        wanted.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
        if scripts == Scripts::Off {
            let off = json!({ "profile.managed_default_content_settings.javascript": 2 });
            wanted.add_experimental_option("prefs", off)?;
        }
        Ok(wanted)
    };
    set_up().expect("capabilities")
}

impl Browser {
    /// The same window at another origin.
    pub(super) fn at(&self, origin: String) -> Self {
        Self { driver: self.driver.clone(), origin }
    }

    pub(super) async fn open(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.origin)).await.expect("a page");
    }

    /// The path of where the window is.
    pub(super) async fn path(&self) -> String {
        self.driver.current_url().await.expect("an address").path().to_owned()
    }

    /// The first element that matches, once there is one.
    pub(super) async fn find(&self, css: &str) -> WebElement {
        let started = Instant::now();
        loop {
            if let Ok(element) = self.driver.find(By::Css(css)).await {
                return element;
            }
            let late = started.elapsed() > PATIENCE;
            assert!(!late, "no {css} at {}:\n{:.600}", self.path().await, self.source().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether something matches right now.
    pub(super) async fn has(&self, css: &str) -> bool {
        self.driver.find(By::Css(css)).await.is_ok()
    }

    /// All that can be read in the first element that matches.
    pub(super) async fn text_of(&self, css: &str) -> String {
        self.find(css).await.text().await.expect("its text")
    }

    /// All that can be read on the page.
    pub(super) async fn text(&self) -> String {
        self.text_of("body").await
    }

    async fn source(&self) -> String {
        let body = self.driver.execute("return document.body.innerText", Vec::new()).await;
        body.map(|body| body.json().to_string()).unwrap_or_default()
    }

    pub(super) async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css} cannot be clicked: {error}"));
    }

    pub(super) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.expect("an empty field");
        field.send_keys(text).await.expect("a filled field");
    }

    /// Signs in with the form and waits for the page behind it.
    pub(super) async fn sign_in(&self, email: &str, password: &str) {
        self.open("/login").await;
        self.fill("#email", email).await;
        self.fill("#password", password).await;
        self.click("button[type=submit]").await;
        self.find("nav.sections").await;
    }

    /// What a script answers.
    pub(super) async fn run(&self, script: &str) -> Value {
        let answer = self.driver.execute(script, Vec::new()).await;
        answer.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    /// A command of the developer tools.
    pub(super) async fn tell(&self, method: &str, parameters: Value) -> Value {
        let answer = self.driver.cdp().send_raw(method, parameters).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Pretends a screen of this width and colour scheme.
    pub(super) async fn screen(&self, width: u32, height: u32, scheme: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tell("Emulation.setEmulatedMedia", media).await;
    }

    /// What the console said since the last time it was asked: errors, warnings, refused content.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.expect("the console");
        entries.into_iter().map(|entry| format!("{}: {}", entry.level, entry.message)).collect()
    }

    /// The origins of every request the browser made since the last time it was asked, pages of its own
    /// left out.
    pub(super) async fn asked_origins(&self) -> BTreeSet<String> {
        let entries = self.driver.get_log("performance").await.expect("the network");
        let sent = entries.iter().filter_map(|entry| {
            let event: Value = serde_json::from_str(&entry.message).ok()?;
            let message = &event["message"];
            let url = message["params"]["request"]["url"].as_str()?;
            (message["method"] == "Network.requestWillBeSent").then(|| url.to_owned())
        });
        let foreign =
            sent.filter(|url| !["data:", "chrome:", "about:"].iter().any(|own| url.starts_with(own)));
        foreign.map(|url| url.split('/').take(3).collect::<Vec<_>>().join("/")).collect()
    }

    /// Saves the whole page where `TENANCY_SHOTS` says.
    pub(super) async fn shoot(&self, name: &str) {
        let Some(folder) = std::env::var_os("TENANCY_SHOTS").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let picture = self.driver.screenshot_as_png().await.expect("a picture");
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("a picture's file");
    }
}
