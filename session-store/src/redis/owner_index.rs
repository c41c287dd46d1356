//! An index of an owner's sessions, or of a tag's, which has a slot of its own. PROTOCOL.md has the laws.
//!
//! It is one sorted set with two members for each session: its key, by the moment of its creation,
//! so that a page of the newest sessions is a range; and a tilde with the key, by the end of the
//! listing, so that expired listings are a range too.

use redis::{Value, cmd};
use session_core::{Key, Moment, to_micros};

use super::call::Call;
use super::failure::Failure;
use super::row;

/// The number of sessions that are listed, read or ended at a time.
pub(super) const BATCH: usize = 100;

/// The score of a listing that ended in 1970; all of them are below those of moments of creation.
const END: i64 = -5_000_000_000_000_000;

/// A member of an index with its score.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    member: Vec<u8>,
    score: Vec<u8>,
}

impl Listing {
    /// Says whether the member comes after the other one in the index.
    fn is_after(&self, other: &Self) -> bool {
        self.score != other.score || self.member < other.member
    }
}

/// The place in an index at which a page begins.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// After a member, whether it is still there or not.
    After(Listing),
    /// With a session; nowhere if it is not listed.
    At(Key),
    Top,
}

/// What an index lists the sessions of.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    Owner(&'a str),
    /// Its listings are never removed: they expire with those of the owner.
    Tag(&'a str),
}

/// Some of the sessions that an index lists, the newest first.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) keys: Vec<Key>,
    /// The place of the next page; `None` after the last one.
    pub(super) next: Option<Place>,
}

impl Call<'_> {
    /// Lists a session in the index of its owner or its tag, and returns the end of the listing.
    ///
    /// The listing outlives the session by half of its remaining life, so that few touches list
    /// again.
    pub(super) async fn list(
        &self,
        name: Name<'_>,
        key: &Key,
        created: Moment,
        expires: Moment,
    ) -> Result<Moment, Failure> {
        let until = expires
            .saturating_add((expires - self.now) / 2)
            .max(expires);
        let index = self.index(name);
        let created = to_micros(created).max(0).to_string();
        let end = (END + row::ceiling(until)).to_string();
        let arguments = [key.as_bytes(), created.as_bytes(), end.as_bytes()];
        let list = || self.script(&self.scripts.list, &index, &arguments);
        match list().await {
            Err(failure) if failure.is_wrong_type() => {
                tracing::warn!("an owner's index in Redis can't be read and is begun anew");
                let remove = cmd("DEL").arg(&index).take();
                self.command(&index, &remove).await?;
                list().await?;
            }
            answer => drop(answer?),
        }
        Ok(until)
    }

    /// Removes the listings of removed sessions from the owner's index.
    pub(super) async fn unlist(&self, owner: &str, keys: &[Key]) -> Result<(), Failure> {
        let index = self.index(Name::Owner(owner));
        let mut remove = cmd("ZREM");
        remove.arg(&index);
        for key in keys {
            remove.arg(key.as_bytes());
            remove.arg([b"~", key.as_bytes()].concat());
        }
        self.command(&index, &remove).await.map(drop)
    }

    /// Returns at most so many of the owner's sessions from a place on.
    pub(super) async fn page(
        &self,
        name: Name<'_>,
        place: &Place,
        count: usize,
    ) -> Result<Page, Failure> {
        let index = self.index(name);
        let digits = count.to_string();
        let mut arguments = vec![digits.as_bytes()];
        match place {
            Place::After(Listing { member, score }) => arguments.extend([&**member, &**score]),
            Place::At(key) => arguments.push(key.as_bytes()),
            Place::Top => {}
        }
        let (answer, _) = self.script(&self.scripts.page, &index, &arguments).await?;
        let Value::Array(found) = answer else {
            return Err(Failure::senseless(&self.servers.to_string()));
        };
        let listings = found.chunks_exact(2).filter_map(|pair| match pair {
            [Value::BulkString(member), Value::BulkString(score)] => Some(Listing {
                member: member.clone(),
                score: score.clone(),
            }),
            _ => None,
        });
        let listings: Vec<_> = listings.collect();
        let new = listings.iter().filter(|listing| match place {
            Place::After(last) => listing.is_after(last),
            Place::At(_) | Place::Top => true,
        });
        // The other members, whose scores are negative, have another length.
        let keys = new.filter_map(|listing| Key::from_bytes(&listing.member));
        let keys = keys.collect();
        let is_full = listings.len() == count;
        let last = listings.into_iter().next_back();
        let next = last.filter(|last| is_full && !last.score.starts_with(b"-"));
        Ok(Page {
            keys,
            next: next.map(Place::After),
        })
    }

    /// Says whether the owner's index lists the session.
    pub(super) async fn lists(&self, owner: &str, key: &Key) -> Result<bool, Failure> {
        let index = self.index(Name::Owner(owner));
        let score = cmd("ZSCORE").arg(&index).arg(key.as_bytes()).take();
        match self.command(&index, &score).await {
            Ok((score, _)) => Ok(score != Value::Nil),
            Err(failure) if failure.is_wrong_type() => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    fn index(&self, name: Name<'_>) -> Vec<u8> {
        match name {
            Name::Owner(owner) => self.names.index(&row::owner(Some(owner))),
            Name::Tag(tag) => self.names.index(&[b"#", tag.as_bytes()].concat()),
        }
    }
}
