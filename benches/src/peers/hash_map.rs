use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix_session::storage::{
    LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_web::cookie::time::Duration;

type State = HashMap<String, String>;

/// A store for actix-session that keeps sessions in memory, which the library does not have: a hash map behind a lock.
/// Sessions are over by their time, but stay in the map.
#[derive(Clone, Default)]
pub(super) struct HashMapStore(Arc<Mutex<HashMap<String, Entry>>>);

struct Entry {
    state: State,
    until: Instant,
}

impl SessionStore for HashMapStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let now = Instant::now();
        let entry = self.with(|map| {
            let entry = map.get(key.as_ref());
            let entry = entry.filter(|entry| now < entry.until);
            entry.map(|entry| entry.state.clone())
        });
        Ok(entry)
    }

    async fn save(&self, state: State, life: &Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        let until = Instant::now() + life.unsigned_abs();
        self.with(|map| map.insert(key.as_ref().to_owned(), Entry { state, until }));
        Ok(key)
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        life: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let until = Instant::now() + life.unsigned_abs();
        self.with(|map| map.insert(key.as_ref().to_owned(), Entry { state, until }));
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, life: &Duration) -> anyhow::Result<()> {
        let until = Instant::now() + life.unsigned_abs();
        self.with(|map| {
            if let Some(entry) = map.get_mut(key.as_ref()) {
                entry.until = until;
            }
        });
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> anyhow::Result<()> {
        self.with(|map| map.remove(key.as_ref()));
        Ok(())
    }
}

impl HashMapStore {
    fn with<T>(&self, run: impl FnOnce(&mut HashMap<String, Entry>) -> T) -> T {
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
