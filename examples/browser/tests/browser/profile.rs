use std::path::{Path, PathBuf};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::driver::Driver;

/// The files that a browser keeps from one start to the next.
#[derive(Debug)]
pub struct Profile {
    folder: PathBuf,
    preferences: Value,
}

impl Profile {
    pub fn new(folder: PathBuf) -> Self {
        let preferences = json!({});
        Self {
            folder,
            preferences,
        }
    }

    /// Switches JavaScript off, as a visitor may.
    pub fn without_scripts(self) -> Self {
        let preferences = json!({ "profile.managed_default_content_settings.javascript": 2 });
        Self {
            preferences,
            ..self
        }
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Starts a browser.
    pub async fn start(&self, driver: &Driver) -> Client {
        let mut arguments: Vec<String> = ARGUMENTS.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", self.path().display()));
        let Value::Object(capabilities) = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "args": arguments,
                "binary": driver.browser(),
                "prefs": self.preferences,
            },
        }) else {
            unreachable!("an object was written");
        };
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url())
            .await
            .unwrap()
    }
}

const ARGUMENTS: [&str; 15] = [
    "--headless=new",
    // The sandbox refuses to run as root, as tests in a container do; only our own pages are opened.
    "--no-sandbox",
    // A container's /dev/shm is small.
    "--disable-dev-shm-usage",
    // There is less to start, on few processors.
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--in-process-gpu",
    "--disable-extensions",
    // No other requests than ours.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=en-GB",
    "--window-size=1280,900",
    // The server is tested, not the throttling of background tabs.
    "--disable-background-timer-throttling",
];
