use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Carrier, Policy};

/// The policies of all sessions that a request can have; for adapters that see them at start.
///
/// ```
/// use std::sync::Arc;
///
/// use session_core::{Carrier, Policies, Policy};
///
/// let of = |name, carrier| Policy::builder().cookie_name(name).carrier(carrier).build().map(Arc::new);
/// let all = Policies::default();
/// assert_eq!(all.add(&of("visitor", Carrier::Both)?), None);
/// assert!(!all.are_several());
/// assert_eq!(all.add(&of("admin", Carrier::Cookie)?), None);
/// assert!(all.are_several());
/// let problem = all.add(&of("api", Carrier::Bearer)?).unwrap();
/// assert!(problem.contains("Carrier::Cookie"));
/// let problem = all.add(&of("admin", Carrier::Cookie)?).unwrap();
/// assert!(problem.contains("`admin`"));
/// # Ok::<(), session_core::PolicyError>(())
/// ```
#[derive(Debug, Default)]
pub struct Policies {
    all: Mutex<Vec<Arc<Policy>>>,
    count: AtomicUsize,
}

impl Policies {
    /// Adds a policy, or says what it has in common with another one that no two can have on one request.
    #[must_use]
    pub fn add(&self, policy: &Arc<Policy>) -> Option<String> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|other| other.name == policy.name) {
            let name = &policy.name;
            return Some(format!(
                "have the cookie `{name}`; each needs a name of its own"
            ));
        }
        let has_bearers = |policy: &Policy| policy.carrier != Carrier::Cookie;
        if has_bearers(policy) && all.iter().any(|other| has_bearers(other)) {
            return Some(
                "have bearers, and a request has one `Authorization`; give one Carrier::Cookie"
                    .into(),
            );
        }
        all.push(Arc::clone(policy));
        self.count.store(all.len(), Ordering::Relaxed);
        None
    }

    /// Says whether there are several. It takes no lock, so that each request can ask.
    #[must_use]
    pub fn are_several(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 1
    }
}
