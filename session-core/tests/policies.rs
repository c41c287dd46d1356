//! The policies of one request's sessions.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use session_core::{Carrier, Policies, Policy};

#[test]
fn sessions_share_a_request_if_their_names_differ_and_one_at_most_has_bearers() {
    use Carrier::{Bearer, Both, Cookie};

    // Those that are there, the new one, and a part of what is wrong.
    type Row = (
        &'static [(&'static str, Carrier)],
        (&'static str, Carrier),
        &'static str,
    );
    let rows: &[Row] = &[
        (&[], ("visitor", Both), ""),
        (&[("visitor", Cookie)], ("admin", Cookie), ""),
        (&[("visitor", Cookie)], ("admin", Bearer), ""),
        (&[("visitor", Bearer)], ("admin", Cookie), ""),
        (&[("visitor", Cookie)], ("visitor", Cookie), "`visitor`"),
        (&[("visitor", Bearer)], ("visitor", Cookie), "`visitor`"),
        (&[("visitor", Both)], ("admin", Bearer), "Carrier::Cookie"),
        (&[("visitor", Bearer)], ("admin", Both), "Carrier::Cookie"),
        (
            &[("visitor", Both), ("admin", Cookie)],
            ("api", Bearer),
            "Carrier::Cookie",
        ),
    ];
    let policy = |(name, carrier): (&str, Carrier)| {
        let builder = Policy::builder().cookie_name(name).carrier(carrier);
        Arc::new(builder.build().unwrap())
    };
    for (there, new, problem) in rows {
        let all = Policies::default();
        for &each in *there {
            assert_eq!(all.add(&policy(each)), None);
        }
        let said = all.add(&policy(*new));
        assert_eq!(said.is_none(), problem.is_empty(), "{new:?}");
        assert!(said.unwrap_or_default().contains(problem), "{new:?}");
        // One that was refused does not count.
        let count = there.len() + usize::from(problem.is_empty());
        assert_eq!(all.are_several(), count > 1, "{new:?}");
    }
}
