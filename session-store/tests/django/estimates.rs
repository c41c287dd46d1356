use session_core::Key;
use session_testkit::key_of;

use super::a_number::are_near;
use super::site::Site;

/// Returns a key as Django draws them, for a number.
fn drawn(number: u64) -> Key {
    let mut first = [0; 8];
    first.copy_from_slice(&key_of(number + 1).as_bytes()[..8]);
    let mut rest = u64::from_be_bytes(first);
    let digits = (0..32).map(|_| {
        let digit = u128::from(rest) * 36;
        rest = u64::try_from(digit & u128::from(u64::MAX)).unwrap();
        char::from_digit(u32::try_from(digit >> 64).unwrap(), 36).unwrap()
    });
    Key::parse_plain(&digits.collect::<String>()).unwrap()
}

pub async fn the_estimates_are_near(site: &Site) {
    are_near(&site.open().await, drawn).await;
}
