//! An address book is looked for with the real binary, from another service and from the same one.

use crate::{
    commands::{Commands, trefoil},
    crowd::{Device, number_of},
    services::Services,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_address_book_finds_who_is_there_from_another_service_and_from_the_same_one() {
    let services = Services::start().await;
    let mut people = Vec::new();
    for (service, name) in [(0, "ada"), (2, "edsger"), (2, "barbara")] {
        let device = Device::register(&services, service, name).await;
        people.push(device.user().to_string());
        drop(device.switch_off().await);
    }
    let numbers = ["edsger", "barbara"].map(number_of);
    let book = services.path().join("book");
    // 300 numbers need three questions; those of the two are in the second, one of them as people write it.
    let nobody = |one: usize| format!("+1555{one:07}\n");
    let spaced = format!("{} {}", &numbers[1][..4], &numbers[1][4..]);
    let lines: Vec<String> = (0..150)
        .map(nobody)
        .chain([format!("{}\n", numbers[0]), "Aunt Ada\n".to_owned(), format!("{spaced}\n")])
        .chain((150..298).map(nobody))
        .collect();
    std::fs::write(&book, lines.concat()).unwrap();
    let find = ["find", "--book", book.to_str().unwrap(), "phone.test"];
    for asker in ["ada", "barbara"] {
        let home = services.path().join("people").join(asker);
        let ended = trefoil(&home, &find);
        assert_eq!(ended.code, 0, "{asker}: {}", ended.said);
        assert!(ended.said.contains("line 152 is left out"), "{asker}: {}", ended.said);
        assert!(!ended.said.contains("Ada"), "what is in a line is repeated: {}", ended.said);
        let found: Vec<_> = ended
            .data
            .iter()
            .map(|line| (line["number"].as_str().unwrap(), line["user"].as_str().unwrap()))
            .collect();
        assert_eq!(found, [(&*numbers[0], &*people[1]), (&*numbers[1], &*people[2])], "{asker}");
    }
    let ada = Commands { home: services.path().join("people").join("ada") };
    let whom = format!("{}@phone.test", numbers[0]);
    assert_eq!(ada.run(&["find", &whom])[0]["user"], people[1]);
    std::fs::write(&book, nobody(1)).unwrap();
    let ended = trefoil(&ada.home, &find);
    assert_eq!((ended.code, ended.data.len()), (3, 0), "{}", ended.said);
    let elsewhere = [&find[..3], &["handle.test"]].concat();
    assert_eq!(trefoil(&ada.home, &elsewhere).code, 3);
    // Past the day's numbers the service says no: 2000 a day, of which some were used.
    let many: String = (0..2000).map(nobody).collect();
    std::fs::write(&book, many).unwrap();
    let ended = trefoil(&ada.home, &find);
    assert_eq!(ended.code, 4, "{}", ended.said);
    assert!(ended.said.contains("too many requests"), "{}", ended.said);
}
