use std::time::Duration;

use session_core::StoreError;

/// Refuses a time-out that can't be meant; servers count in milliseconds, with few digits.
pub(crate) fn check_timeout(limit: Duration) -> Result<(), StoreError> {
    if (SHORTEST..=LONGEST).contains(&limit) {
        return Ok(());
    }
    Err(StoreError::new(
        "timeout: must be from 10 milliseconds to 10 minutes",
    ))
}

const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(10 * 60);
