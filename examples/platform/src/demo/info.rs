//! `demo.json`: where the running demo is and how to sign in.

use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::secrets;

/// What `demo-info --json` prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoInfo {
    /// Address of the tenants' listener.
    pub addr: SocketAddr,
    /// The domain below which the tenants are.
    pub base_domain: String,
    /// The demo tenants.
    pub tenants: Vec<TenantLogin>,
    /// The operator.
    pub operator: Login,
}

/// A tenant and who may sign in there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TenantLogin {
    /// The name in its address.
    pub slug: String,
    /// Where and how to sign in.
    #[serde(flatten)]
    pub login: Login,
}

/// Where and how to sign in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    /// Value of the `Host` header.
    pub host: String,
    /// The address to open in a browser.
    pub url: String,
    /// Who.
    pub email: String,
    /// With which password.
    pub password: String,
}

const FILE: &str = "demo.json";

impl DemoInfo {
    /// What the folder says.
    ///
    /// # Errors
    ///
    /// When there is no demo in the folder, or its description is damaged.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        anyhow::ensure!(
            file.exists(),
            "there is no demo in {}; `platform` without a command starts one",
            folder.display()
        );
        secrets::read(&file)
    }

    /// Keeps the description in the folder, readable by its owner only.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        secrets::write(&folder.join(FILE), self)
    }

    /// The lines a person reads after the start.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for tenant in &self.tenants {
            text += &tenant.login.line(&tenant.slug);
        }
        text + &self.operator.line("operator")
    }
}

impl Login {
    fn line(&self, who: &str) -> String {
        format!("  {who:<9} {}\n            {}  {}\n", self.url, self.email, self.password)
    }
}
