/// SendMessageBatch takes ten messages at most.
const MESSAGES: usize = 10;

/// Of a message and of a whole batch, attributes included.
const BYTES: usize = 1024 * 1024;

/// Splits `items` into batches, in order. An item that is too large by itself gets a batch of its
/// own, for SQS to refuse.
pub(crate) fn pack<T>(items: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut room = 0;
    for item in items {
        let bytes = size(&item);
        match batches.last_mut().filter(|batch| batch.len() < MESSAGES && bytes <= room) {
            Some(batch) => {
                room -= bytes;
                batch.push(item);
            }
            None => {
                room = BYTES.saturating_sub(bytes);
                batches.push(vec![item]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::{BYTES, pack};

    #[test]
    fn in_tens_and_within_a_mebibyte() {
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![1; 10], vec![10]),
            (vec![1; 11], vec![10, 1]),
            (vec![1; 25], vec![10, 10, 5]),
            (vec![BYTES], vec![1]),
            (vec![BYTES, 1], vec![1, 1]),
            (vec![BYTES / 2, BYTES / 2, 1], vec![2, 1]),
            (vec![BYTES / 2, BYTES / 2 + 1, 1], vec![1, 2]),
            (vec![BYTES - 1, 1, 1], vec![2, 1]),
            (vec![1, BYTES + 1, 1], vec![1, 1, 1]),
        ] {
            let batches = pack(sizes.clone(), |size| *size);
            assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{sizes:?}");
            assert_eq!(batches.concat(), sizes);
        }
    }
}
