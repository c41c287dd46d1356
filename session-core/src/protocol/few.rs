/// A list whose first element takes no memory of its own, since most lists have one.
#[derive(Clone)]
pub(crate) struct Few<T> {
    first: Option<T>,
    /// Empty if there is no first.
    rest: Vec<T>,
}

impl<T> Few<T> {
    pub(crate) const NONE: Self = Self {
        first: None,
        rest: Vec::new(),
    };

    pub(crate) fn one(element: T) -> Self {
        Self {
            first: Some(element),
            rest: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Returns the element if there is only one.
    pub(crate) fn only(&self) -> Option<&T> {
        self.first.as_ref().filter(|_| self.rest.is_empty())
    }

    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        match place.checked_sub(1) {
            None => self.first.as_ref(),
            Some(place) => self.rest.get(place),
        }
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        match place.checked_sub(1) {
            None => self.first.as_mut(),
            Some(place) => self.rest.get_mut(place),
        }
    }

    /// Returns the place of the first element that passes a test.
    #[inline]
    pub(crate) fn position(&self, mut test: impl FnMut(&T) -> bool) -> Option<usize> {
        if test(self.first.as_ref()?) {
            return Some(0);
        }
        self.rest.iter().position(test).map(|place| place + 1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.rest)
    }

    pub(crate) fn push(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.rest.push(element);
        }
    }

    /// Keeps the elements that pass the test, which may change them.
    pub(crate) fn retain(&mut self, mut test: impl FnMut(&mut T) -> bool) {
        if self.first.as_mut().is_some_and(|first| !test(first)) {
            self.first = None;
        }
        self.rest.retain_mut(test);
        if self.first.is_none() && !self.rest.is_empty() {
            self.first = Some(self.rest.remove(0));
        }
    }

    /// Drops so many elements from the front.
    pub(crate) fn skip(&mut self, count: usize) {
        let mut place = 0;
        self.retain(|_| {
            place += 1;
            place > count
        });
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(elements: &[u32]) -> Few<u32> {
        let mut few = Few::default();
        for element in elements {
            few.push(*element);
        }
        few
    }

    #[test]
    fn a_list_is_as_a_vector_whatever_its_length() {
        for length in 0..5 {
            let elements: Vec<u32> = (0..length).collect();
            let mut few = list(&elements);
            assert!(few.iter().eq(&elements));
            assert_eq!(few.len(), elements.len());
            assert_eq!(few.is_empty(), elements.is_empty());
            assert_eq!(few.only(), elements.first().filter(|_| length == 1));
            for place in 0..6 {
                let is_it = |element: &u32| *element as usize == place;
                assert_eq!(few.position(is_it), elements.get(place).map(|_| place));
                assert_eq!(few.get(place), elements.get(place));
            }
            few.iter_mut().for_each(|element| *element += 1);
            assert!(few.iter().copied().eq(1..=length));
            assert_eq!(few.get_mut(0).copied(), (length > 0).then_some(1));
        }
    }

    #[test]
    fn what_is_left_keeps_its_order() {
        for gone in 0..16 {
            let mut few = list(&[0, 1, 2, 3]);
            few.retain(|element| gone & 1 << *element == 0);
            assert!(
                few.iter()
                    .copied()
                    .eq((0..4).filter(|n| gone & 1 << n == 0))
            );
        }
        for count in 0..5 {
            let mut few = list(&[0, 1, 2]);
            few.skip(count);
            assert!(few.iter().copied().eq((0..3).skip(count)));
        }
    }
}
