use std::fmt::Write as _;

/// A script's text and its SHA-1, by which servers know it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) hash: String,
}

/// The scripts; a comment at the head of each names its keys and arguments.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) replace: Script,
    pub(super) touch: Script,
    pub(super) delete: Script,
    pub(super) list: Script,
    pub(super) page: Script,
    pub(super) check: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |body: &str| Script::new(&[include_str!("lua/record.lua"), body].concat());
        Self {
            replace: script(include_str!("lua/replace.lua")),
            touch: script(include_str!("lua/touch.lua")),
            delete: script(include_str!("lua/delete.lua")),
            list: Script::new(include_str!("lua/list.lua")),
            page: Script::new(include_str!("lua/page.lua")),
            check: Script::new(include_str!("lua/check.lua")),
        }
    }
}

impl Script {
    /// Takes a script without its comments, which servers would store.
    fn new(text: &str) -> Self {
        let mut lines = String::with_capacity(text.len());
        for line in text.lines().map(str::trim_end) {
            if !line.is_empty() && !line.trim_start().starts_with("--") {
                // Writing to a string does not fail.
                let _ = writeln!(lines, "{line}");
            }
        }
        let hash = redis::Script::new(&lines).get_hash().to_owned();
        Self { text: lines, hash }
    }
}
