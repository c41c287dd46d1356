use std::collections::BTreeMap;

use crate::ledger::visit::Answer;
use crate::moves::{Begin, Shows};
use crate::planting;

/// The visitors' browsers.
#[derive(Debug, Default)]
pub(crate) struct Browsers {
    jars: BTreeMap<(u8, u8), Jar>,
    /// Which browser has sent a request.
    senders: BTreeMap<u16, u8>,
}

/// A cookie's place in a browser.
#[derive(Debug, Default)]
struct Jar {
    present: Option<String>,
    /// All that were in it, the last one last.
    past: Vec<String>,
}

impl Browsers {
    /// Returns the values that a request presents; the last one is what it is about.
    pub(crate) fn cookies(&self, begin: &Begin, seed: u64) -> Vec<String> {
        let jar = |browser: u8, site: u8| {
            let jar = self.jars.get(&(browser, site))?;
            jar.present.clone()
        };
        let own = jar(begin.browser, begin.site);
        let planted = || planting::id(seed, begin.id);
        let shown = match begin.shows {
            Shows::Jar => own,
            Shows::JarBehindPlanted => {
                return std::iter::once(planted()).chain(own).collect();
            }
            Shows::Nothing => None,
            Shows::Old(age) => {
                let jar = self.jars.get(&(begin.browser, begin.site));
                let past = jar.map(|jar| &*jar.past).unwrap_or_default();
                past.iter().rev().nth(age.into()).cloned()
            }
            Shows::Planted => Some(planted()),
            Shows::KeyOf(browser) => {
                jar(browser, begin.site).map(|text| planting::with_key_of(&text, &planted()))
            }
            Shows::Renamed => jar(begin.browser, begin.site ^ 1),
            Shows::Stolen(browser) => jar(browser, begin.site),
        };
        shown.into_iter().collect()
    }

    pub(crate) fn sends(&mut self, begin: &Begin) {
        self.senders.insert(begin.id, begin.browser);
    }

    /// An answer arrives.
    pub(crate) fn receives(&mut self, id: u16, site: u8, answer: &Answer) {
        let Some(browser) = self.senders.get(&id) else {
            return;
        };
        let jar = self.jars.entry((*browser, site)).or_default();
        if let Some(set) = &answer.set {
            jar.present = Some(set.text.clone());
            jar.past.push(set.text.clone());
        } else if answer.removes {
            jar.present = None;
        }
    }
}
