use std::fmt::Write as _;

/// Where a session's keys and its owner's index are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// On one server.
    One,
    /// In slots of a cluster.
    Many,
}

/// A script's text and the SHA-1 by which a server knows it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) hash: String,
}

/// Every script, as the layout needs it.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) load: Script,
    pub(super) insert: Script,
    pub(super) replace: Script,
    pub(super) touch: Script,
    pub(super) finish: Script,
    pub(super) relocate: Script,
    pub(super) devices: Script,
    pub(super) revoke: Script,
    pub(super) prepare: Script,
    pub(super) commit: Script,
    pub(super) abort: Script,
    pub(super) list: Script,
    pub(super) unlist: Script,
    pub(super) listed: Script,
    pub(super) sweep: Script,
    pub(super) check: Script,
}

impl Scripts {
    pub(super) fn of(layout: Layout) -> Self {
        let place = match layout {
            Layout::One => include_str!("lua/one.lua"),
            Layout::Many => include_str!("lua/many.lua"),
        };
        let script = |body: &str| {
            let record = include_str!("lua/record.lua");
            let index = include_str!("lua/index.lua");
            Script::of(&[record, index, place, body].map(stripped).concat())
        };
        Self {
            load: script(include_str!("lua/load.lua")),
            insert: script(include_str!("lua/insert.lua")),
            replace: script(include_str!("lua/replace.lua")),
            touch: script(include_str!("lua/touch.lua")),
            finish: script(include_str!("lua/finish.lua")),
            relocate: script(include_str!("lua/relocate.lua")),
            devices: script(include_str!("lua/devices.lua")),
            revoke: script(include_str!("lua/revoke.lua")),
            prepare: script(include_str!("lua/prepare.lua")),
            commit: script(include_str!("lua/commit.lua")),
            abort: script(include_str!("lua/abort.lua")),
            list: script(include_str!("lua/list.lua")),
            unlist: script(include_str!("lua/unlist.lua")),
            listed: script(include_str!("lua/listed.lua")),
            sweep: script(include_str!("lua/sweep.lua")),
            check: script(include_str!("lua/check.lua")),
        }
    }
}

impl Script {
    fn of(text: &str) -> Self {
        let hash = redis::Script::new(text).get_hash().to_owned();
        Self {
            text: text.to_owned(),
            hash,
        }
    }
}

/// Leaves out comments, which a server need not keep.
fn stripped(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        if !line.is_empty() && !line.trim_start().starts_with("--") {
            // Writing to a string does not fail.
            let _ = writeln!(kept, "{line}");
        }
    }
    kept
}
