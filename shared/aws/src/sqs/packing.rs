/// The maximum number of messages in one SendMessageBatch.
const MAX_MESSAGES: usize = 10;

/// The maximum size of a message and of a whole batch, in bytes, with attributes.
const MAX_BYTES: usize = 1024 * 1024;

/// Splits `items` into batches, in order. An item that is too large gets its own batch, which SQS
/// refuses.
pub(crate) fn pack<T>(items: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut room = 0;
    for item in items {
        let bytes = size(&item);
        match batches.last_mut().filter(|batch| batch.len() < MAX_MESSAGES && bytes <= room) {
            Some(batch) => {
                room -= bytes;
                batch.push(item);
            }
            None => {
                room = MAX_BYTES.saturating_sub(bytes);
                batches.push(vec![item]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, pack};

    #[test]
    fn batches_have_at_most_ten_messages_and_one_mebibyte() {
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![1; 10], vec![10]),
            (vec![1; 11], vec![10, 1]),
            (vec![1; 25], vec![10, 10, 5]),
            (vec![MAX_BYTES], vec![1]),
            (vec![MAX_BYTES, 1], vec![1, 1]),
            (vec![MAX_BYTES / 2, MAX_BYTES / 2, 1], vec![2, 1]),
            (vec![MAX_BYTES / 2, MAX_BYTES / 2 + 1, 1], vec![1, 2]),
            (vec![MAX_BYTES - 1, 1, 1], vec![2, 1]),
            (vec![1, MAX_BYTES + 1, 1], vec![1, 1, 1]),
        ] {
            let batches = pack(sizes.clone(), |size| *size);
            assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{sizes:?}");
            assert_eq!(batches.concat(), sizes);
        }
    }
}
