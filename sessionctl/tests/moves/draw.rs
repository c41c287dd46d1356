/// Numbers that look random, the same ones for a seed (`SplitMix64`).
#[derive(Debug)]
pub struct Draw(u64);

impl Draw {
    /// Begins with the seed of the environment, or 1, and a number that says for whom.
    pub fn of(whom: u64) -> Self {
        let seed = std::env::var("SEED").map_or(1, |seed| seed.parse().unwrap());
        Self(u64::wrapping_add(seed, whom << 32))
    }

    /// Returns a number below another one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Returns a place in a list that is not empty.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}
