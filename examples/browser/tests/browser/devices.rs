//! Devices that sign each other out.

use crate::stage::Stage;
use crate::visitor::Visitor;

pub async fn one_device_signs_out_another_or_all_others(stage: &Stage) {
    let server = stage.serve(&[]);
    let (profile, other_profile) = (stage.profile("laptop"), stage.profile("phone"));
    let laptop = stage.visit(&server, &profile).await;
    let phone = stage.visit(&server, &other_profile).await;
    laptop.sign_in("ada").await;

    for button in [REVOKE, REVOKE_OTHERS] {
        phone.sign_in("ada").await;
        laptop.reload().await;
        assert_both_seen(&laptop, &phone).await;

        laptop.press(button).await;
        assert_eq!(laptop.count(DEVICES).await, 1);
        assert_eq!(laptop.user().await.as_deref(), Some("ada"));
        // The other device is told, and its next click begins a new session.
        phone.reload().await;
        let told = phone.text("#messages").await;
        assert!(told.starts_with("Your session has ended"), "{told}");
        assert_eq!(phone.count_a_visit().await, 1);
        assert_eq!(phone.user().await, None);
    }
}

/// Asserts that each device sees both, and itself as the current one.
async fn assert_both_seen(laptop: &Visitor, phone: &Visitor) {
    for device in [laptop, phone] {
        assert_eq!(device.count(DEVICES).await, 2);
        assert_eq!(device.count(CURRENT).await, 1);
        assert_eq!(device.count(REVOKE).await, 1);
    }
    // Two devices of one kind have one name.
    assert_eq!(laptop.text(NAME).await, phone.text(NAME).await);
    let handle = async |device: &Visitor| device.attribute(CURRENT, "data-handle").await;
    assert_ne!(handle(laptop).await, handle(phone).await);
}

const DEVICES: &str = "#devices tbody tr";
const CURRENT: &str = "#devices tr[aria-current]";
const NAME: &str = "#devices tr[aria-current] code";
const REVOKE: &str = "#devices tbody tr button";
const REVOKE_OTHERS: &str = "#revoke-others-form button";
