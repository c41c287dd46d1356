use session_core::StoreError;
use session_core::django::TokenError;

use super::site::Site;

/// What the newest sessions say of the site's keys.
pub(super) struct Sample {
    total: usize,
    unreadable: usize,
    /// Why the newest of those can't be read.
    reason: TokenError,
    table: String,
}

impl Site {
    /// Tries to read the sessions that end last; `None` if all can be read.
    pub(super) async fn sample(&self) -> Result<Option<Sample>, StoreError> {
        let tokens = self.table.newest(MOST).await?;
        let mut errors = tokens
            .iter()
            .filter_map(|token| self.signer.open(token).err());
        let Some(reason) = errors.next() else {
            return Ok(None);
        };
        Ok(Some(Sample {
            unreadable: 1 + errors.count(),
            total: tokens.len(),
            reason,
            table: format!("{:?}", self.table),
        }))
    }
}

impl Sample {
    pub(super) fn is_of_strangers(&self) -> bool {
        self.unreadable == self.total
    }

    pub(super) fn describe(&self) -> String {
        let Self {
            total,
            unreadable,
            reason,
            table,
        } = self;
        let remedy = match reason {
            TokenError::Signature => {
                "; is the store's SECRET_KEY the site's, and has it the site's SECRET_KEY_FALLBACKS?"
            }
            _ => "",
        };
        format!(
            "{unreadable} of the {total} newest sessions in {table} can't be read: {reason}{remedy}"
        )
    }
}

/// How many are tried: a handful of an index, whatever the size of the table.
const MOST: i64 = 32;
