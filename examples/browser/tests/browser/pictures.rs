//! The page's looks, on a phone and on a desktop.

use std::env;
use std::fs;
use std::path::PathBuf;

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::json;
use url::{ParseError, Url};

use crate::stage::Stage;
use crate::tool::Tool;
use crate::visitor::Visitor;

pub async fn the_page_fits_and_every_control_has_a_name(stage: &Stage) {
    let file = stage.folder().join("sessions.db");
    let server = stage.serve(&["--store", &format!("sqlite:{}", file.display())]);
    let (profile, other_profile) = (stage.profile("one"), stage.profile("other"));
    let visitor = stage.visit(&server, &profile).await;
    let asked = env::var_os("SCREENSHOTS").map(PathBuf::from);
    // Only pictures need both colour schemes; the layout is the same in both.
    let schemes: &[&str] = asked.as_ref().map_or(&["light"], |_| &["light", "dark"]);
    let folder = asked.unwrap_or_else(|| stage.folder().to_owned());
    fs::create_dir_all(&folder).unwrap();
    let take = async |name: &str| {
        for (size, width) in [("narrow", 320), ("wide", 1280)] {
            for scheme in schemes {
                let picture = photograph(&visitor, width, scheme).await;
                let file = format!("{}-{name}-{size}-{scheme}.png", stage.name());
                fs::write(folder.join(file), picture).unwrap();
            }
        }
    };

    take("signed-out").await;
    assert_named(&visitor).await;

    for _ in 0..3 {
        visitor.count_a_visit().await;
    }
    for note in NOTES {
        visitor.add_note(note).await;
    }
    let other = stage.visit(&server, &other_profile).await;
    other.sign_in("ada").await;
    visitor.sign_in("ada").await;
    assert_eq!(visitor.count("#devices tbody tr").await, 2);
    // What was done, and the panel.
    take("done").await;
    assert_named(&visitor).await;
    visitor.reload().await;
    take("signed-in").await;
    assert_named(&visitor).await;

    // Whoever removes the file of an open database takes the store away.
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(file.with_extension(format!("db{end}")));
    }
    visitor.press("#visit-form button").await;
    assert!(visitor.shows("#outage").await);
    take("outage").await;
    assert_named(&visitor).await;
}

/// Takes a picture of the whole page at a width.
async fn photograph(visitor: &Visitor, width: u32, scheme: &str) -> Vec<u8> {
    let scheme = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
    let media = json!({ "features": scheme });
    visitor
        .command(Tool("Emulation.setEmulatedMedia", media))
        .await;
    visitor
        .command(Tool(
            "Emulation.setScrollbarsHidden",
            json!({ "hidden": true }),
        ))
        .await;
    // Low at first, so that the page is no higher than its content.
    let mut height = 400;
    for _ in 0..2 {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        visitor
            .command(Tool("Emulation.setDeviceMetricsOverride", metrics))
            .await;
        let size =
            "const page = document.documentElement; return [page.scrollWidth, page.scrollHeight]";
        let size = visitor.script(size).await;
        assert_eq!(size[0], width, "something sticks out to the right");
        height = size[1].as_u64().unwrap();
    }
    visitor.picture().await
}

/// Asserts that every control has a name for screen readers.
async fn assert_named(visitor: &Visitor) {
    let controls = visitor.find_all("button, input, a").await;
    assert!(!controls.is_empty());
    for control in controls {
        let name = visitor
            .command(Label(control.element_id().to_string()))
            .await;
        let name = name.as_str().unwrap().trim().to_owned();
        assert!(!name.is_empty(), "{}", control.html(false).await.unwrap());
    }
}

/// Asks by which name assistive technology knows an element: W3C, “Get Computed Label”.
#[derive(Debug)]
struct Label(String);

impl WebDriverCompatibleCommand for Label {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let (session, element) = (session.unwrap_or_default(), &self.0);
        base.join(&format!(
            "session/{session}/element/{element}/computedlabel"
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::GET, None)
    }
}

const NOTES: [&str; 3] = [
    "Two loaves of rye bread",
    "Ask Grace about the compiler",
    "Return the library books before the end of the month, and extend the loan of the last one",
];
