use std::sync::Arc;

use futures_util::future::try_join_all;
use redis::{FromRedisValue, Value, cmd};

use super::failure::Failure;
use super::link::Link;
use super::store::Redis;
use crate::estimate::{SAMPLE, from_share};

impl Redis {
    /// Estimates how many records there are: the number of keys of each server, of which as large a part are records as of
    /// the first ones in the order of its hash table.
    pub(super) async fn about(&self) -> Result<u64, Failure> {
        let links = self.servers.primaries(self.deadline()).await?;
        let counts = try_join_all(links.iter().map(|link| self.about_on(link))).await?;
        Ok(counts.into_iter().fold(0, u64::saturating_add))
    }

    async fn about_on(&self, link: &Arc<Link>) -> Result<u64, Failure> {
        let (mut theirs, mut sampled) = (0, 0);
        let mut cursor = b"0".to_vec();
        while sampled < SAMPLE {
            let scan = cmd("SCAN").arg(&cursor).arg("COUNT").arg(SAMPLE).take();
            let answer = link.ask(&scan, self.deadline()).await?;
            let (next, names): (Vec<u8>, Vec<Vec<u8>>) = read(answer, link)?;
            let is_record = |name: &&Vec<u8>| self.names.key(name).is_some();
            theirs += names.iter().filter(is_record).count();
            sampled += names.len();
            if next == b"0" {
                // These were all.
                return Ok(theirs as u64);
            }
            cursor = next;
        }
        let all = link.ask(&cmd("DBSIZE"), self.deadline()).await?;
        Ok(from_share(read(all, link)?, (theirs, sampled)))
    }
}

fn read<T: FromRedisValue>(answer: Value, link: &Link) -> Result<T, Failure> {
    redis::from_redis_value(answer).map_err(|_| Failure::senseless(&link.endpoint()))
}
