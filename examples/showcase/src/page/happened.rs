use super::text::{escape, millis};
use crate::tape::Call;

/// The panel "what just happened".
#[derive(Debug, Clone, Default)]
pub struct Happened {
    /// What there is to notice.
    pub(crate) lesson: &'static str,
    /// The lines of code that did it.
    pub(crate) lines: Vec<&'static str>,
    pub(crate) cookie_name: String,
    pub(crate) before: Seen,
    pub(crate) after: Seen,
    pub(crate) calls: Vec<Call>,
}

/// A browser's cookie, masked, and the session that it opens.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub(crate) cookie: String,
    pub(crate) secret: &'static str,
    pub(crate) handle: String,
}

impl Happened {
    pub(super) fn render(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(|line| breakable(line)).collect();
        let lines = lines.join("\n");
        let cookie_name = escape(&self.cookie_name);
        let Self { before, after, .. } = self;
        let rows = [
            ("Value", &*before.cookie, &*after.cookie),
            ("Secret", before.secret, after.secret),
            ("Handle", &before.handle, &after.handle),
        ]
        .map(|(name, before, after)| {
            let [name, before, after] = [name, before, after].map(escape);
            format!(
                r#"
          <tr><th scope="row">{name}</th><td>{before}</td><td>{after}</td></tr>"#
            )
        })
        .concat();
        let calls = self.calls();
        let lesson = escape(self.lesson);
        format!(
            r#"<section class="card" id="happened" aria-labelledby="happened-title">
    <h2 id="happened-title">What just happened</h2>
    <p id="lesson">{lesson}</p>
    <div class="facts">
      <div>
        <h3 id="code-title">The code</h3>
        <pre id="code"><code>{lines}</code></pre>
      </div>
      <div>
        <h3 id="cookie-title">The cookie <code>{cookie_name}</code></h3>
        <table id="cookie" aria-labelledby="cookie-title">
          <thead><tr><td></td><th scope="col">Before</th><th scope="col">After</th></tr></thead>
          <tbody>{rows}
          </tbody>
        </table>
        <p class="hint">Masked: at most the first characters of the store’s key are shown, and nothing of the secret.</p>
      </div>
      <div>
        <h3 id="calls-title">The store’s calls</h3>
        {calls}
      </div>
    </div>
  </section>"#
        )
    }

    fn calls(&self) -> String {
        if self.calls.is_empty() {
            return r#"<p id="calls">None.</p>"#.to_owned();
        }
        let row = |call: &Call| {
            let (name, outcome, took) = (call.name, call.outcome, millis(call.took));
            format!(
                r#"
          <tr><th scope="row"><code>{name}</code></th><td>{outcome}</td><td>{took}</td></tr>"#
            )
        };
        let rows: String = self.calls.iter().map(row).collect();
        format!(
            r#"<table id="calls" aria-labelledby="calls-title">
          <thead><tr><th scope="col">Call</th><th scope="col">Outcome</th><th scope="col">Time</th></tr></thead>
          <tbody>{rows}
          </tbody>
        </table>"#
        )
    }
}

/// Escapes a line of code, and marks where a narrow page may break it.
fn breakable(line: &str) -> String {
    let line = escape(line);
    line.replace('(', "(<wbr>").replace(").", ")<wbr>.")
}
