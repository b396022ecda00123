import subprocess
from pathlib import Path

import pytest

from chiron.errors import ChironError, Damaged, NotFound, ServiceUnavailable
from chiron.releases.registry import (
    create_registry,
    is_folder,
    list_releases,
    normal_address,
    open_registry,
    version_order,
)
from chiron.releases.registry_files import StoredFolder, release_files
from schemas.manifest import Kind
from schemas.release import ReleaseRecord

STORED = StoredFolder(md5="0" * 32 + ".dir", n_bytes=1, n_files=1, remote="/somewhere")


def record(version: str, name: str = "demo", content: str = "a") -> ReleaseRecord:
    return ReleaseRecord(
        name=name,
        version=version,
        kind=Kind.COHORT,
        simulated=True,
        content_sha256=content * 64,
        manifest_sha256="b" * 64,
        n_rows={"records": 3},
        schema_sha256="c" * 64,
        codes=("SNOMED-CT:164889003",),
    )


def publish(registry: Path, released: ReleaseRecord) -> str | None:
    with open_registry(str(registry)) as opened:
        return opened.publish(f"{released.name}@{released.version}", release_files(released, STORED))


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    folder = tmp_path / "registry.git"
    create_registry(folder)
    return folder


def test_a_new_registry_is_a_bare_repository_on_main_without_releases(registry: Path) -> None:
    assert git("-C", str(registry), "rev-parse", "--is-bare-repository").strip() == "true"
    assert git("-C", str(registry), "symbolic-ref", "HEAD").strip() == "refs/heads/main"
    assert list_releases(str(registry)) == []


def test_making_a_registry_again_keeps_its_releases(registry: Path) -> None:
    publish(registry, record("1.0.0"))
    create_registry(registry)
    assert [release.tag for release in list_releases(str(registry))] == ["demo@1.0.0"]
    assert [path.name for path in registry.parent.iterdir()] == ["registry.git"]


def test_releases_are_listed_by_name_and_by_the_number_of_their_version(registry: Path) -> None:
    for version, name in (("1.10.0", "demo"), ("1.9.0", "demo"), ("2.0.0", "a"), ("1.0.0", "demo")):
        assert publish(registry, record(version, name)) is None
    tags = [release.tag for release in list_releases(str(registry))]
    assert tags == ["a@2.0.0", "demo@1.0.0", "demo@1.9.0", "demo@1.10.0"]


def test_version_1_10_comes_after_version_1_9() -> None:
    assert version_order("1.10.0") > version_order("1.9.0")


def test_tags_of_people_are_no_releases(registry: Path) -> None:
    publish(registry, record("1.0.0"))
    for tag in ("v1", "demo@1.0", "demo@01.0.0", "Demo@1.0.0"):
        git("-C", str(registry), "tag", tag, "main")
    assert [release.tag for release in list_releases(str(registry))] == ["demo@1.0.0"]


def test_a_tag_on_a_commit_without_that_record_is_named_as_damage(registry: Path) -> None:
    publish(registry, record("1.0.0"))
    git("-C", str(registry), "tag", "other@1.0.0", "main")
    with pytest.raises(Damaged, match=r"other@1\.0\.0"):
        list_releases(str(registry))


def test_a_tag_on_the_record_of_another_release_is_named_as_damage(registry: Path) -> None:
    publish(registry, record("1.0.0"))
    git("-C", str(registry), "tag", "demo@1.1.0", "main")
    with pytest.raises(Damaged, match=r"expected the record of demo@1\.1\.0, found that of demo@1\.0\.0"):
        list_releases(str(registry))


def test_who_pushes_second_is_told_and_leaves_nothing_behind(registry: Path) -> None:
    with open_registry(str(registry)) as first, open_registry(str(registry)) as second:
        assert first.publish("demo@1.0.0", release_files(record("1.0.0"), STORED)) is None
        obstacle = second.publish("demo@1.1.0", release_files(record("1.1.0", content="d"), STORED))
    assert obstacle
    assert git("-C", str(registry), "tag").split() == ["demo@1.0.0"]
    assert git("-C", str(registry), "rev-list", "--count", "main").strip() == "1"


def test_a_tag_that_exists_is_never_moved(registry: Path) -> None:
    publish(registry, record("1.0.0"))
    before = git("-C", str(registry), "rev-parse", "demo@1.0.0")
    assert publish(registry, record("1.0.0", content="d"))
    assert git("-C", str(registry), "rev-parse", "demo@1.0.0") == before


def test_a_repository_that_refuses_the_push_is_an_obstacle_in_its_own_words(registry: Path) -> None:
    hook = registry / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'error: reviewed releases only' >&2\nexit 1\n")
    hook.chmod(0o755)
    obstacle = publish(registry, record("1.0.0"))
    assert obstacle is not None
    assert "reviewed releases only" in obstacle


def test_a_commit_needs_no_identity_of_the_user_and_keeps_what_others_wrote(registry: Path) -> None:
    publish(registry, record("1.0.0"))
    publish(registry, record("1.0.0", name="second"))
    show = git("-C", str(registry), "log", "-1", "--format=%an <%ae>|%cn <%ce>|%s", "main").strip()
    assert show == "Chiron <chiron@localhost>|Chiron <chiron@localhost>|Release second@1.0.0"
    assert {"demo.json", "demo.dvc", "second.json", "second.dvc", ".dvc/config"} <= set(
        git("-C", str(registry), "ls-tree", "-r", "--name-only", "main").splitlines()
    )


def test_a_user_who_signs_commits_and_runs_hooks_does_not_change_a_release(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".gitconfig").write_text("[commit]\n\tgpgSign = true\n[tag]\n\tgpgSign = true\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert publish(registry, record("1.0.0")) is None


def test_a_release_from_within_a_hook_leaves_the_hooks_repository_alone(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "--quiet", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert publish(registry, record("1.0.0")) is None
    monkeypatch.delenv("GIT_DIR")
    assert git("-C", str(tmp_path / "other"), "for-each-ref") == ""


def test_a_folder_that_is_no_registry_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="expected a bare git repository, found none"):
        list_releases(str(tmp_path / "absent"))


def test_an_address_that_does_not_answer_is_an_unavailable_service(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="git clone") as caught:
        list_releases(f"file://{tmp_path}/absent")
    assert isinstance(caught.value, ChironError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("address", ["ssh://host/x.git", "git@host:x.git", "https://host/x.git", "host:x"])
def test_addresses_of_other_machines_are_left_as_they_are(address: str) -> None:
    assert not is_folder(address)
    assert normal_address(address) == address


def test_a_folder_becomes_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert normal_address("here/registry.git") == str(tmp_path / "here" / "registry.git")
    assert normal_address("./odd:name") == str(tmp_path / "odd:name")
