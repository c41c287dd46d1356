use std::collections::{BTreeMap, BTreeSet};

use session_core::Id;

use super::count::Count;
use super::slot::Slot;
use super::told::Standing;

/// A session that a visitor knows.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// How its owner's list names it.
    pub(crate) handle: String,
    /// The cookies that have opened it, the newest last.
    pub(crate) cookies: Vec<String>,
    pub(crate) is_owned: bool,
    pub(crate) standing: Standing,
    pub(crate) slots: BTreeMap<String, Slot>,
    pub(crate) count: Count,
    /// The numbers that increments were answered with.
    pub(crate) counted: BTreeSet<u64>,
}

impl Known {
    pub(crate) fn new(cookie: &str, is_owned: bool) -> Option<Self> {
        Some(Self {
            handle: handle(cookie)?,
            cookies: vec![cookie.to_owned()],
            is_owned,
            standing: Standing::Alive,
            slots: BTreeMap::new(),
            count: Count::default(),
            counted: BTreeSet::new(),
        })
    }

    /// The session that a sign-in has begun: it carries the values along.
    pub(crate) fn carried(&self, cookie: &str) -> Option<Self> {
        let mut next = Self::new(cookie, true)?;
        next.slots.clone_from(&self.slots);
        next.count.clone_from(&self.count);
        next.counted.clone_from(&self.counted);
        Some(next)
    }

    /// Takes what is left to know: its cookies, which open nothing.
    pub(crate) fn end(&mut self) {
        self.standing = Standing::Ended;
        self.slots.clear();
        self.counted.clear();
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.standing == Standing::Alive
    }
}

/// Returns the handle of the session that a cookie's value names; `None` if it is no id.
pub(crate) fn handle(cookie: &str) -> Option<String> {
    Some(Id::parse(cookie.as_bytes())?.key().public_id().to_string())
}
