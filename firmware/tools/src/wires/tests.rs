//! Wires whose other end is a socket of the test.

use std::fs;

use tempfile::TempDir;

use super::*;

/// A folder with a board's file of that text, and a socket in the board's place for each name.
fn board(wires: &str, names: &[&str]) -> (TempDir, Vec<UnixDatagram>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wires"), wires).unwrap();
    let sockets = names.iter().map(|name| {
        let socket = UnixDatagram::bind(folder.path().join(format!("{name}.board"))).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    });
    let sockets = sockets.collect();
    (folder, sockets)
}

fn receive(socket: &UnixDatagram) -> Vec<u8> {
    let mut bytes = vec![0; LONGEST];
    let len = socket.recv(&mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

#[test]
fn a_wire_a_port_carries_frames_as_they_are() {
    let (folder, board) = board("eth0\neth1 longest=1514\n", &["eth0", "eth1"]);
    let wires = Wires::open(folder.path(), folder.path()).unwrap();
    assert!(!wires.is_trunk() && !wires.loses());
    assert_eq!(wires.longest(), 1514);
    wires.send(Side::Right, b"to the right").unwrap();
    assert_eq!(receive(&board[1]), b"to the right");
    board[0].send_to(b"from the left", folder.path().join("eth0.wire")).unwrap();
    let mut frame = vec![1, 2, 3];
    let side = wires.receive(&mut frame, PATIENCE).unwrap();
    assert_eq!((side, &*frame), (Some(Side::Left), &b"from the left"[..]));
    assert_eq!(wires.receive(&mut frame, Duration::ZERO).unwrap(), None);
}

#[test]
fn a_trunk_carries_frames_with_the_tag_of_their_port() {
    let (folder, board) = board("trunk eth0=10 eth1=20 loses\n", &["trunk"]);
    let wires = Wires::open(folder.path(), folder.path()).unwrap();
    assert!(wires.is_trunk() && wires.loses());
    assert_eq!(wires.longest(), usize::MAX);
    let addresses = [2; 12];
    let frame = [&addresses[..], &[8, 6, 1]].concat();
    let tagged = [&addresses[..], &[0x81, 0, 0, 20, 8, 6, 1]].concat();
    wires.send(Side::Right, &frame).unwrap();
    assert_eq!(receive(&board[0]), tagged);
    wires.send(Side::Left, &addresses[1..]).unwrap();
    assert_eq!(receive(&board[0]), &addresses[1..], "what is too short for a tag has none");
    let mut back = Vec::new();
    board[0].send_to(&tagged, folder.path().join("trunk.wire")).unwrap();
    assert_eq!(wires.receive(&mut back, PATIENCE).unwrap(), Some(Side::Right));
    assert_eq!(back, frame);
    board[0].send_to(&frame, folder.path().join("trunk.wire")).unwrap();
    let why = wires.receive(&mut back, PATIENCE).unwrap_err();
    assert_eq!(why.kind(), ErrorKind::InvalidData);
}

#[test]
fn a_full_queue_is_told_and_an_absent_board_is_another_matter() {
    let (folder, board) = board("eth0\n", &["eth0"]);
    let wires = Wires::open(folder.path(), folder.path()).unwrap();
    let is_full = (0..1000).any(|_| !wires.try_send(Side::Left, b"more").unwrap());
    assert!(is_full, "a queue has an end");
    receive(&board[0]);
    assert!(wires.try_send(Side::Left, b"more").unwrap(), "and places come free");
    drop(board);
    let why = wires.send(Side::Left, b"gone").unwrap_err();
    assert!(is_unplugged(&why), "{why}");
}

#[test]
fn what_is_no_wire_is_refused_with_its_line() {
    for line in [
        "eth2",
        "trunk eth0",
        "trunk eth0=0",
        "trunk eth0=4095",
        "trunk eth7=1",
        "loses",
        "eth0 longest=x",
    ] {
        let (folder, _) = board(&format!("eth1\n\n{line}\n"), &[]);
        let why = Wires::open(folder.path(), folder.path()).unwrap_err().to_string();
        assert!(why.contains(&format!("wires:3: `{line}`")), "{why}");
    }
}
