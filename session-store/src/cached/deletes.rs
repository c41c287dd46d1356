use std::sync::{Mutex, MutexGuard, PoisonError};

/// The deletes that are under way, and every key that their sessions may have.
///
/// A delete ends a session also by the key that it had before, so what is cached under the present
/// one has to go as well. The store tells where a session is; this adds the moves of this node
/// that end between that question and the delete. Of one that ends even later nobody knows the
/// new id yet, so nothing can be cached under it.
#[derive(Default)]
pub(super) struct Deletes(Mutex<Vec<Delete>>);

struct Delete {
    number: u64,
    /// The first is the one that was presented.
    digests: Vec<[u8; 32]>,
}

impl Deletes {
    /// Notes a delete under a number of its own.
    pub(super) fn begin(&self, number: u64, digest: [u8; 32]) {
        let digests = vec![digest];
        self.all().push(Delete { number, digests });
    }

    /// Notes where a delete's session is.
    pub(super) fn found(&self, number: u64, to: [u8; 32]) {
        let mut all = self.all();
        if let Some(delete) = all.iter_mut().find(|delete| delete.number == number) {
            delete.digests.push(to);
        }
    }

    /// Notes that a session was moved, whether or not it is being deleted.
    pub(super) fn moved(&self, from: &[u8; 32], to: &[u8; 32]) {
        let mut all = self.all();
        for delete in all.iter_mut().filter(|delete| delete.digests[0] == *from) {
            delete.digests.push(*to);
        }
    }

    /// Forgets a delete and returns which keys its session may have.
    pub(super) fn end(&self, number: u64) -> Vec<[u8; 32]> {
        let mut all = self.all();
        let place = all.iter().position(|delete| delete.number == number);
        place.map_or_else(Vec::new, |place| all.swap_remove(place).digests)
    }

    fn all(&self) -> MutexGuard<'_, Vec<Delete>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
