"""What counts as a yes to "shall I cancel it?": what follows from one cannot be undone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.consent import Answer, answer_to_cancel

YES = """
yes | yes, cancel it | ya batalin aja | ok go ahead and cancel | iya yakin | Gas! | /affirm | yaaa | yess please | do it
yep do it
yes go on | yes, that one | yes i'm sure | i'm sure | yes pls
sure, cancel AR-20301 | yes cancel order 20301
ok please cancel my order, thanks | yes, I want to cancel it | yes 👍 | of course | that's right
confirmed | yes AR-20301 | i agree | yes, i do | we're sure | ok yes i confirm
iya kak | iya kak lanjutkan prosesnya | ya betul yg itu | ya, tolong | ya bener | oke lanjut batalin pesanannya | setuju
saya yakin | iya mau dibatalin aja kak, makasih | boleh banget | okee gasss batalkan | silakan dibatalkan min | lanjut
ya di cancel aja | saya setuju | aku yakin kak | oke diproses aja, batalin | ya aku mau batalin | boleh aja
""".replace("\n", " | ")

NO = """
no | /deny | no, don't cancel it | ok don't cancel | keep it | no, i'll keep it after all | no wait, i changed my mind
never mind | nevermind | nvm | leave it | forget it | i changed my mind | sorry, changed my mind
please don't | ok don't
ok scrap that, i'm keeping my order | ok nevermind | ok nvm | ok forget it | ok leave it | yes, never mind | no thanks
I don't want to cancel | no need to cancel it | let's not | of course not | stop | no stop | just ship it
👎 | ok 🙅 no, keep it
jangan dibatalin | ga jadi batal | ga jadi kak | tetep saya ambil | biarin aja deh | ga jadi deh
nggak usah | gausah min
ya udah biarin aja | ok sip kirim aja | oke gas kirim | lanjut kirim aja | iya, kirim aja kak
jangan, kirim aja | jangan dulu
tidak jadi | gajadi | biar aja | udah lupain aja | ga mau dibatalin | nggak jadi dibatalin
tetap lanjut ya | maaf, berubah pikiran
jangan di cancel | ga usah di batalin kak | nooo | enggaaak | hell no | eh, enggak | do not | ok keep | gamau
ga usah dibatalkan ya | enggak kak | tdk perlu | tetap dikirim aja
""".replace("\n", " | ")

NEITHER = """
cancel | batalin | is it ok to cancel if it's packed? | are you sure you can cancel it | iya sebentar | ya ampun | yes?
ok cancel it, no need for it | I don't want it anymore, cancel it | ga jadi beli, batalin aja | no, cancel it please
yes but only half of it | iya, tapi nanya dulu | 👍 | ok thanks | makasih ya kak | thank you | yes i want my order
lanjut pesanannya | go ahead with my order | gas AR-20301 | ok saya mau pesanannya
ok cancel the cancellation | yeah right
yes, i changed my mind | ok no 👎 cancel | yes 🛑 | yes cancel all my orders | yes and no | ya enggak | boleh ga | ok so
jangan dikirim | don't ship it | no, don't send it | ga usah dikirim | ga jadi beli | ga mau lagi | no longer needed
i'm ok | im okay | we ok | i ok thanks | i'm ok, cancel | i'm very ok | yes i'm ok | ok i'm okay | ok it's ok | saya oke
proses aja kak | diproses aja ya | oke proses aja | ya diproses saja | lanjutkan prosesnya | silakan diproses
oke itu aja kak | ok itu saja | ya ini aja | itu aja | yang itu aja deh | ok that's it | ok that's all | yes that's all
leave it if it has shipped | biarin kalau sudah dikirim | never mind the delivery, cancel it | tetap lanjut batalin
wait | hold on | hmm | no wait | ya udah | sudah dikirim ya | how much do i get back | what | x
""".replace("\n", " | ")


def phrases(listed: str) -> list[str]:
    return [phrase for phrase in map(str.strip, listed.split(" | ")) if phrase]


@pytest.mark.parametrize("text", phrases(YES))
def test_a_plain_yes_is_one(text: str) -> None:
    assert answer_to_cancel(text) is Answer.YES


@pytest.mark.parametrize("text", phrases(NO))
def test_a_plain_no_is_heard_at_once_also_where_it_begins_with_an_ok(text: str) -> None:
    assert answer_to_cancel(text) is Answer.NO


@pytest.mark.parametrize("text", ["", *phrases(NEITHER)])
def test_whatever_could_mean_something_else_is_asked_again(text: str) -> None:
    assert answer_to_cancel(text) is Answer.NEITHER


def test_what_was_taken_for_a_no_is_never_a_yes() -> None:
    assert answer_to_cancel("ok", "affirm") is Answer.YES
    assert answer_to_cancel("ok", "deny") is Answer.NEITHER
    assert answer_to_cancel("yes cancel it", "deny") is Answer.NEITHER


def test_what_was_not_understood_is_a_yes_only_with_the_verb() -> None:
    assert answer_to_cancel("gas", "nlu_fallback") is Answer.NEITHER
    assert answer_to_cancel("ok lanjut kak", "nlu_fallback") is Answer.NEITHER
    assert answer_to_cancel("gas batalin", "nlu_fallback") is Answer.YES
    assert answer_to_cancel("/affirm", "nlu_fallback") is Answer.YES


AGREEING = (
    "yes yeah ok oke okay ya iya sure boleh gas lanjut silakan confirm please kak it aja deh order batalin cancel"
).split()
REFUSING = phrases(
    "no | nope | not | don't | dont | never | never mind | nvm | nevermind | keep | leave it | forget it | scrap that"
    " | stop | tidak | nggak | ga | gak | gk | enggak | jangan | jgn | bukan | belum | biarin | gausah | ga usah"
    " | gajadi | ga jadi | kirim | tetap | lupain | berubah pikiran | changed my mind | 👎 | 🙅"
)


def test_no_order_of_agreement_and_refusal_is_a_yes() -> None:
    for agreeing, refusing in product(AGREEING, REFUSING):
        for text in (f"{agreeing} {refusing}", f"{refusing}, {agreeing}", f"ok {agreeing} {refusing} yes cancel it"):
            assert answer_to_cancel(text) is not Answer.YES, text


@given(
    said=st.lists(st.sampled_from(AGREEING), max_size=8),
    refusing=st.sampled_from(REFUSING),
    place=st.integers(0, 8),
    between=st.sampled_from([" ", ", ", "! ", ". ", " - "]),
    shape=st.sampled_from([str.lower, str.upper, str.title]),
)
def test_no_message_with_a_word_of_refusal_is_a_yes(
    said: list[str], refusing: str, place: int, between: str, shape: Callable[[str], str]
) -> None:
    said.insert(place, refusing)
    assert answer_to_cancel(shape(between.join(said))) is not Answer.YES
