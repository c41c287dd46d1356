use session_core::Sessions;

use super::draw::Draw;

/// A session as its browser knows it.
#[derive(Debug)]
pub struct Entry {
    /// The browser's cookie; of an ended session, what it kept.
    pub cookie: String,
    pub owner: String,
    /// How often it was counted, as acknowledged.
    pub count: u64,
}

/// What one client was told, which is what the stores have to have.
#[derive(Debug, Default)]
pub struct Ledger {
    pub live: Vec<Entry>,
    pub ended: Vec<Entry>,
}

/// What a browser sees of a session; `None` if it is logged out.
pub async fn seen(sessions: &Sessions, cookie: &str) -> Option<u64> {
    let request = sessions.open([cookie.as_bytes()]);
    let session = request.handle().load().await.unwrap();
    let count = session
        .exists()
        .then(|| session.get("count").unwrap().unwrap_or(0));
    let reply = request.commit(200).await.unwrap();
    drop(reply);
    count
}

impl Ledger {
    pub fn any(&self, draw: &mut Draw) -> Option<usize> {
        (!self.live.is_empty()).then(|| draw.place(self.live.len()))
    }

    pub fn end(&mut self, place: usize) {
        let entry = self.live.swap_remove(place);
        self.ended.push(entry);
    }

    pub fn end_all_of(&mut self, owner: &str) -> usize {
        let ended = self.live.extract_if(.., |entry| entry.owner == owner);
        let before = self.ended.len();
        self.ended.extend(ended);
        self.ended.len() - before
    }

    /// Compares the ledger with a store, and returns how many sessions it lacks or has in another state, and how many it has
    /// that had ended.
    pub async fn compare(&self, sessions: &Sessions) -> [usize; 2] {
        let (mut lost, mut revived) = (0, 0);
        for entry in &self.live {
            let found = seen(sessions, &entry.cookie).await;
            if found != Some(entry.count) {
                println!(
                    "lost: {} was counted {} times, and is {found:?}",
                    entry.owner, entry.count
                );
                lost += 1;
            }
        }
        for entry in &self.ended {
            if seen(sessions, &entry.cookie).await.is_some() {
                println!("revived: one of {}", entry.owner);
                revived += 1;
            }
        }
        [lost, revived]
    }
}
