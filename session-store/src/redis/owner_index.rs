//! An owner's index of sessions, which has a slot of its own. PROTOCOL.md has the laws.
//!
//! It is one sorted set with two members for each session: its key, by the moment of its creation,
//! so that a page of the newest sessions is a range; and a tilde with the key, by the end of the
//! listing, so that expired listings are a range too.

use redis::{Value, cmd};
use session_core::{Key, to_micros};
use time::OffsetDateTime;

use super::call::Call;
use super::failure::Failure;
use super::row;

/// The number of sessions that are listed, read or ended at a time.
pub(super) const BATCH: usize = 100;

/// The score of a listing that ended in 1970; all of them are below those of moments of creation.
const END: i64 = -5_000_000_000_000_000;

/// A session in an index.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    pub(super) key: Key,
    score: Vec<u8>,
}

impl Listing {
    /// Says whether the session comes after the other one in the index.
    pub(super) fn is_after(&self, other: &Self) -> bool {
        self.score != other.score || self.key < other.key
    }
}

/// The place in an index at which a page begins.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// After a session, whether it is still listed or not.
    After(Listing),
    /// With a session; nowhere if it is not listed.
    At(Key),
    Top,
}

impl Call<'_> {
    /// Lists a session in the owner's index, and returns the end of the listing.
    ///
    /// The listing outlives the session by half of its remaining life, so that few touches list
    /// again.
    pub(super) async fn list(
        &self,
        owner: &str,
        key: &Key,
        created: OffsetDateTime,
        expires: OffsetDateTime,
    ) -> Result<OffsetDateTime, Failure> {
        let until = expires
            .saturating_add((expires - self.now) / 2)
            .max(expires);
        let index = self.index(owner);
        let created = to_micros(created).max(0).to_string();
        let end = (END + row::ceiling(until)).to_string();
        let arguments = [key.as_bytes(), created.as_bytes(), end.as_bytes()];
        self.script(&self.scripts.list, &index, &arguments).await?;
        Ok(until)
    }

    /// Removes the listings of removed sessions from the owner's index.
    pub(super) async fn unlist(&self, owner: &str, keys: &[Key]) -> Result<(), Failure> {
        let index = self.index(owner);
        let mut remove = cmd("ZREM");
        remove.arg(&index);
        for key in keys {
            remove.arg(key.as_bytes());
            remove.arg([b"~", key.as_bytes()].concat());
        }
        self.command(&index, &remove).await.map(drop)
    }

    /// Returns at most so many of the owner's sessions from a place on, the newest first.
    ///
    /// Fewer are the last ones. If the session at the place is gone, others of the same moment may
    /// come again.
    pub(super) async fn page(
        &self,
        owner: &str,
        place: &Place,
        count: usize,
    ) -> Result<Vec<Listing>, Failure> {
        let index = self.index(owner);
        let count = count.to_string();
        let mut arguments = vec![count.as_bytes()];
        match place {
            Place::After(Listing { key, score }) => arguments.extend([key.as_bytes(), score]),
            Place::At(key) => arguments.push(key.as_bytes()),
            Place::Top => {}
        }
        let (answer, _) = self.script(&self.scripts.page, &index, &arguments).await?;
        let Value::Array(found) = answer else {
            return Err(Failure::senseless(&self.servers.to_string()));
        };
        let listings = found.chunks_exact(2).map_while(|pair| match pair {
            [Value::BulkString(key), Value::BulkString(score)] => Some(Listing {
                // The other members follow after the last key.
                key: Key::from_bytes(key)?,
                score: score.clone(),
            }),
            _ => None,
        });
        Ok(listings.collect())
    }

    /// Says whether the owner's index lists the session.
    pub(super) async fn lists(&self, owner: &str, key: &Key) -> Result<bool, Failure> {
        let index = self.index(owner);
        let score = cmd("ZSCORE").arg(&index).arg(key.as_bytes()).take();
        let (score, _) = self.command(&index, &score).await?;
        Ok(score != Value::Nil)
    }

    fn index(&self, owner: &str) -> Vec<u8> {
        self.names.index(&row::owner(Some(owner)))
    }
}
