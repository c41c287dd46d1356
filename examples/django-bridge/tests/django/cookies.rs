//! Values of the engine `signed_cookies`.

use serde_json::{Value, json};
use session_core::django::Signer;
use session_core::time::OffsetDateTime;

use crate::draw::Draw;
use crate::scene::Scene;

pub async fn signed_cookies_are_the_same_on_both_sides(scene: &Scene) {
    let mut oracle = scene.oracle();
    let signer = Signer::signed_cookies(&scene.keys());
    for seed in 0..100 {
        let mut draw = Draw::new(seed);
        let members = (0..draw.below(6)).map(|_| (draw.text(), draw.value(0)));
        let content = Value::Object(members.collect()).to_string();
        let normal = oracle
            .ask("normalise", json!({ "content": content }))
            .unwrap();

        let token = oracle.ask("dump", json!({ "content": content })).unwrap();
        let opened = signer.open(token.as_str().unwrap()).unwrap();
        assert_eq!(normal, *opened.json, "{seed}");
        let token = signer.sign(normal.as_str().unwrap(), OffsetDateTime::now_utc());
        let read = oracle.ask("load", json!({ "token": token })).unwrap();
        assert_eq!(read, normal, "{seed}");
    }
}
