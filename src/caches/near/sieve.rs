//! A bounded list of items that forgets the ones nobody asks for: the SIEVE algorithm. New items come in at one end
//! and a hand walks from the other; what was asked for since the hand's last visit stays, the first that was not goes.
//! A row of items that are asked for once drives out each other and not what is in use.

const NOWHERE: u32 = u32::MAX;

#[derive(Debug)]
pub struct Sieve<T> {
    nodes: Vec<Node<T>>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
    hand: u32,
    capacity: usize,
}

#[derive(Debug)]
struct Node<T> {
    item: Option<T>,
    newer: u32,
    older: u32,
    was_asked_for: bool,
}

impl<T> Sieve<T> {
    pub fn new(capacity: usize) -> Self {
        Self {
            nodes: Vec::new(),
            free: Vec::new(),
            newest: NOWHERE,
            oldest: NOWHERE,
            hand: NOWHERE,
            capacity: capacity.clamp(1, NOWHERE as usize),
        }
    }

    pub fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    /// The item at a place, marked as in use.
    pub fn ask(&mut self, place: u32) -> Option<&mut T> {
        let node = self.nodes.get_mut(place as usize)?;
        node.was_asked_for = true;
        node.item.as_mut()
    }

    pub fn peek(&self, place: u32) -> Option<&T> {
        self.nodes.get(place as usize)?.item.as_ref()
    }

    /// Answers the item's place, and what had to go for it.
    pub fn insert(&mut self, item: T) -> (u32, Option<T>) {
        let evicted = if self.len() >= self.capacity { self.evict() } else { None };
        let node =
            Node { item: Some(item), newer: NOWHERE, older: self.newest, was_asked_for: false };
        let place = if let Some(place) = self.free.pop() {
            self.nodes[place as usize] = node;
            place
        } else {
            self.nodes.push(node);
            (self.nodes.len() - 1) as u32
        };
        match self.nodes.get_mut(self.newest as usize) {
            Some(newest) => newest.newer = place,
            None => self.oldest = place,
        }
        self.newest = place;
        (place, evicted)
    }

    pub fn remove(&mut self, place: u32) -> Option<T> {
        let node = self.nodes.get_mut(place as usize)?;
        let item = node.item.take()?;
        let (newer, older) = (node.newer, node.older);
        match self.nodes.get_mut(newer as usize) {
            Some(node) => node.older = older,
            None => self.newest = older,
        }
        match self.nodes.get_mut(older as usize) {
            Some(node) => node.newer = newer,
            None => self.oldest = newer,
        }
        if self.hand == place {
            self.hand = newer;
        }
        self.free.push(place);
        Some(item)
    }

    /// One round of the hand at most: it takes every mark away that it meets.
    fn evict(&mut self) -> Option<T> {
        let mut hand = if self.hand == NOWHERE { self.oldest } else { self.hand };
        while let Some(node) = self.nodes.get_mut(hand as usize) {
            if !node.was_asked_for {
                break;
            }
            node.was_asked_for = false;
            hand = if node.newer == NOWHERE { self.oldest } else { node.newer };
        }
        self.hand = hand;
        self.remove(hand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random::Random;
    use std::collections::HashMap;

    #[test]
    fn never_holds_more_than_it_may_and_finds_all_it_holds() {
        let mut random = Random::new(7);
        for capacity in [1, 2, 3, 17] {
            let mut sieve = Sieve::new(capacity);
            let mut places: HashMap<u64, u32> = HashMap::new();
            for item in 0..2000 {
                if let Some((&asked, &place)) = places.iter().next().filter(|_| random.chance(50)) {
                    if random.chance(30) {
                        assert_eq!(sieve.remove(place), Some(asked));
                        places.remove(&asked);
                    } else {
                        assert_eq!(sieve.ask(place), Some(&mut asked.clone()));
                    }
                }
                let (place, evicted) = sieve.insert(item);
                if let Some(evicted) = evicted {
                    assert!(places.remove(&evicted).is_some(), "{evicted} was there");
                }
                places.insert(item, place);
                assert_eq!(sieve.len(), places.len());
                assert!(sieve.len() <= capacity);
                for (item, place) in &places {
                    assert_eq!(sieve.peek(*place), Some(item));
                }
            }
            assert!(sieve.nodes.len() <= capacity, "places are used again");
        }
    }

    #[test]
    fn keeps_what_is_asked_for_while_others_pass_by() {
        let mut sieve = Sieve::new(10);
        let wanted: Vec<u32> = (0..5).map(|item| sieve.insert(item).0).collect();
        for passing in 100..1000 {
            for (item, place) in (0..5).zip(&wanted) {
                assert_eq!(sieve.ask(*place), Some(&mut item.clone()));
            }
            sieve.insert(passing);
        }
    }
}
