use serde::{Deserialize, Serialize};

/// The median of some measurements, and the middle half of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// A quarter is lower.
    pub low: f64,
    /// A quarter is higher.
    pub high: f64,
}

impl Spread {
    /// Returns the spread of measurements; zeros if there are none.
    ///
    /// ```
    /// use session_costs::Spread;
    ///
    /// let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0]);
    /// assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
    /// ```
    #[must_use]
    pub fn of(measured: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = measured.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        // The nearest rank: a value that was measured, not one between two.
        let rank = |numerator: usize| {
            let last = sorted.len().saturating_sub(1);
            sorted.get((last * numerator + 2) / 4).copied()
        };
        Self {
            median: rank(2).unwrap_or_default(),
            low: rank(1).unwrap_or_default(),
            high: rank(3).unwrap_or_default(),
        }
    }

    /// Returns an exact figure, without a spread.
    #[must_use]
    pub fn exactly(value: f64) -> Self {
        Self {
            median: value,
            low: value,
            high: value,
        }
    }
}
