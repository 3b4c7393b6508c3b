//! What holds for every page: it fits every screen, in light and in dark, shows no trouble on the
//! console, and axe finds nothing serious.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::shared;

use super::chromium::Browser;

const WIDTHS: [u32; 3] = [390, 1024, 1440];
const SCHEMES: [&str; 2] = ["light", "dark"];
/// Pinned, so that a rule that is new tomorrow does not fail a build of today.
const AXE: &str = "axe-core@4.14.1";

/// Looks at pages. With `TENANCY_SHOTS=<folder>` it saves what it sees.
pub(super) struct Eye {
    browser: Browser,
    axe: Option<String>,
}

impl Eye {
    pub(super) fn new(test: &str, browser: Browser) -> Self {
        let axe = axe().inspect_err(|why| shared::skip(test, &format!("no check by axe: {why}"))).ok();
        Self { browser, axe }
    }

    /// Looks at the page that is open.
    pub(super) async fn look(&self, name: &str) {
        for scheme in SCHEMES {
            for width in WIDTHS {
                self.browser.screen(width, 900, scheme).await;
                self.fits(name, width).await;
                if std::env::var_os("TENANCY_SHOTS").is_some() {
                    let height = self.browser.run("return document.documentElement.scrollHeight").await;
                    let height = height.as_u64().and_then(|height| u32::try_from(height).ok()).unwrap_or(900);
                    self.browser.screen(width, height.max(900), scheme).await;
                    self.browser.shoot(&format!("{name}-{width}-{scheme}")).await;
                }
            }
            self.axe(name, scheme).await;
        }
        let said = self.browser.complaints().await;
        // What was asked for is missing, refused or wrong: that is the page that is looked at.
        let said: Vec<_> = said.iter().filter(|line| !line.contains("Failed to load resource")).collect();
        assert!(said.is_empty(), "{name}: {said:?}");
    }

    async fn fits(&self, name: &str, width: u32) {
        let wide = "const wide = document.documentElement.scrollWidth; if (wide <= innerWidth) return []; \
            return [wide, ...[...document.querySelectorAll('body *')].filter(e => \
            e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map(e => e.outerHTML.slice(0, 120))]";
        let wide = self.browser.run(wide).await;
        assert_eq!(wide, Value::Array(Vec::new()), "{name} is too wide for {width}");
    }

    /// Axe finds nothing serious on the page that is open.
    pub(super) async fn axe(&self, name: &str, scheme: &str) {
        let Some(axe) = &self.axe else { return };
        self.browser.run(axe).await;
        let found = self
            .browser
            .run(
                "return axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations \
                 .filter(v => v.impact === 'serious' || v.impact === 'critical') \
                 .flatMap(v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160) + ' ' + \
                 n.failureSummary.slice(0, 200))))",
            )
            .await;
        assert_eq!(found, Value::Array(Vec::new()), "{name} in {scheme}");
    }
}

/// The text of axe, from the package registry or from where it was put the last time.
fn axe() -> Result<String, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(AXE);
    let file = folder.join("package/axe.min.js");
    if !file.exists() {
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let run = |command: &mut Command| -> Result<Vec<u8>, String> {
            let output = command.current_dir(&folder).output().map_err(|error| error.to_string())?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            output.status.success().then_some(output.stdout).ok_or(said)
        };
        let packed = run(Command::new("npm").args(["pack", AXE, "--silent"]))?;
        let packed = String::from_utf8_lossy(&packed).trim().to_owned();
        run(Command::new("tar").arg("-xzf").arg(packed))?;
    }
    std::fs::read_to_string(file).map_err(|error| error.to_string())
}
