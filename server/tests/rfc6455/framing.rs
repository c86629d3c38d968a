//! Section 5: single frames. What is wrong with a head is refused before its payload is there, so
//! most tests here send none.

use tidewire_testkit::socket::{Frame, Head, opcode};

use super::{FRAME_BYTES_MAX, echoes, fails, open};

const HEAD: Head = Head {
    is_final: true,
    reserved: 0,
    opcode: opcode::TEXT,
    length: 5,
    length_bytes: 1,
    is_masked: true,
};

/// Section 5.1.
#[tokio::test]
async fn a_frame_that_is_not_masked_ends_the_connection() {
    for opcode in [opcode::TEXT, opcode::BINARY, opcode::PING, opcode::CLOSE] {
        fails(&Head { opcode, is_masked: false, ..HEAD }.bytes(), 1002).await;
    }
    fails(&Head { length: 0, is_masked: false, ..HEAD }.bytes(), 1002).await;
}

/// Section 5.2: no extension gives them a meaning.
#[tokio::test]
async fn a_reserved_bit_ends_the_connection() {
    for reserved in 1..8 {
        for opcode in [opcode::TEXT, opcode::PING] {
            fails(&Head { opcode, reserved, ..HEAD }.bytes(), 1002).await;
        }
    }
}

/// Section 5.2.
#[tokio::test]
async fn a_reserved_opcode_ends_the_connection() {
    for opcode in (0x3..=0x7).chain(0xB..=0xF) {
        fails(&Head { opcode, ..HEAD }.bytes(), 1002).await;
        fails(&Head { opcode, length: 0, ..HEAD }.bytes(), 1002).await;
    }
}

/// Section 5.5.
#[tokio::test]
async fn a_control_frame_has_at_most_125_bytes() {
    for opcode in [opcode::PING, opcode::PONG, opcode::CLOSE] {
        for (length, length_bytes) in [(126, 3), (65_536, 9), (5, 3)] {
            fails(&Head { opcode, length, length_bytes, ..HEAD }.bytes(), 1002).await;
        }
    }
}

/// Section 5.5.
#[tokio::test]
async fn a_control_frame_is_never_a_fragment() {
    for opcode in [opcode::PING, opcode::PONG, opcode::CLOSE] {
        fails(&Head { opcode, is_final: false, ..HEAD }.bytes(), 1002).await;
    }
}

/// Section 5.2.
#[tokio::test]
async fn every_form_of_length_is_read_in_both_kinds() {
    let mut socket = open().await;
    for length in [0, 1, 5, 124, 125, 126, 127, 128, 65_535, 65_536] {
        echoes(&mut socket, opcode::TEXT, &vec![b'*'; length]).await;
        echoes(&mut socket, opcode::BINARY, &vec![0xFE; length]).await;
    }
}

/// Section 5.2: the minimal number of bytes must be used.
#[tokio::test]
async fn a_length_in_more_bytes_than_it_needs_ends_the_connection() {
    for (length, length_bytes) in [(0, 3), (5, 3), (125, 3), (0, 9), (126, 9), (65_535, 9)] {
        fails(&Head { length, length_bytes, ..HEAD }.bytes(), 1002).await;
    }
}

/// Section 5.2: the most significant bit must be 0.
#[tokio::test]
async fn a_length_of_2_to_the_63_is_no_length() {
    for length in [1 << 63, u64::MAX] {
        fails(&Head { length, length_bytes: 9, ..HEAD }.bytes(), 1002).await;
    }
}

/// Section 10.4: limits are the implementation's own; its head is enough to refuse a frame.
#[tokio::test]
async fn a_frame_over_the_limit_is_refused_by_its_head() {
    for length in [FRAME_BYTES_MAX as u64 + 1, u64::from(u32::MAX) + 1, i64::MAX as u64] {
        for opcode in [opcode::TEXT, opcode::BINARY] {
            fails(&Head { opcode, length, length_bytes: 9, ..HEAD }.bytes(), 1009).await;
        }
    }
}

/// Section 5.3: every key is a key.
#[tokio::test]
async fn any_masking_key_is_undone() {
    let mut socket = open().await;
    for key in [[0; 4], [0xFF; 4], [1, 2, 3, 4]] {
        let payload = b"masked by another key";
        let mut bytes = vec![0x82, 0x80 | payload.len() as u8];
        bytes.extend(key);
        bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        socket.send(&bytes).await;
        assert_eq!(socket.frame().await, Some(Frame::new(opcode::BINARY, payload)));
    }
}
