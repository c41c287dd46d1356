//! What one device does to another.

use crate::stage::Stage;
use crate::visitor::Visitor;

pub async fn one_device_signs_out_the_other(stage: &Stage) {
    let server = stage.serve(&[]);
    let (profile, other_profile) = (stage.profile("one"), stage.profile("other"));
    let laptop = stage.visit(&server, &profile).await;
    let phone = stage.visit(&server, &other_profile).await;
    sign_in_on_both(&laptop, &phone).await;

    laptop.press(REVOKE).await;
    assert_eq!(laptop.count(DEVICES).await, 1);
    assert_signed_out(&phone).await;
    assert_eq!(laptop.count_a_visit().await, 2);
    assert_eq!(laptop.user().await.as_deref(), Some("ada"));
}

pub async fn one_device_signs_out_all_others(stage: &Stage) {
    let server = stage.serve(&[]);
    let (profile, other_profile) = (stage.profile("one"), stage.profile("other"));
    let laptop = stage.visit(&server, &profile).await;
    let phone = stage.visit(&server, &other_profile).await;
    sign_in_on_both(&laptop, &phone).await;

    laptop.press("#revoke-others-form button").await;
    assert_eq!(laptop.count(DEVICES).await, 1);
    assert_signed_out(&phone).await;
    assert_eq!(laptop.count_a_visit().await, 2);
    assert_eq!(laptop.user().await.as_deref(), Some("ada"));
}

async fn sign_in_on_both(laptop: &Visitor, phone: &Visitor) {
    for device in [laptop, phone] {
        assert_eq!(device.count_a_visit().await, 1);
        device.sign_in("ada").await;
    }
    // Each sees both, and which of them it is.
    laptop.reload().await;
    for device in [laptop, phone] {
        assert_eq!(device.count(DEVICES).await, 2);
        assert_eq!(device.count(CURRENT).await, 1);
        assert_eq!(device.count(REVOKE).await, 1);
    }
    assert_ne!(laptop.text(CURRENT).await, phone.text(CURRENT).await);
}

async fn assert_signed_out(device: &Visitor) {
    assert_eq!(device.count_a_visit().await, 1);
    assert_eq!(device.user().await, None);
}

const DEVICES: &str = "#devices tbody tr";
const CURRENT: &str = "#devices tr[aria-current] code";
const REVOKE: &str = "#devices tbody tr button";
