"""What the price list says: fees, interest, exchange rates; against the real back office of the sandbox over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from actions.charged import Charged, charged
from actions.exchanging import Way, way
from tests.assistant.test_services import LANGUAGES, Run, whole

PRICES = ["action_transfer_fee", "action_deposit_rate", "action_exchange_rate"]


@pytest.mark.parametrize("action", PRICES)
async def test_a_price_list_that_cannot_be_read_is_no_case_for_a_person(run: Run, nowhere: None, action: str) -> None:
    _, (message,) = await run(action, entities={"currency": "USD"})
    assert message["response"] == "utter_tariff_unavailable"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_rates_of_deposits(run: Run, say: Any, backoffice: str, language: str) -> None:
    _, (message,) = await run("action_deposit_rate", slots={"language": language})
    text = say(message, language)["text"]
    assert ("12 months 5.25%" if language == "en" else "12 bulan 5,25%") in text
    assert whole(text)


# ---- fees ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "response", "fee"),
    [
        (None, "utter_transfer_fee", "Rp2,500"),
        ("IDR 1500000", "utter_transfer_fee_bifast", "Rp1,500,000"),
        ("IDR 300000000", "utter_transfer_fee_rtgs", "Rp25,000"),
        ("USD 100", "utter_transfer_fee", "Rp2,500"),
    ],
)
async def test_the_fee_for_an_amount(
    run: Run, say: Any, backoffice: str, amount: str | None, response: str, fee: str
) -> None:
    entities = {"amount": amount} if amount else {}
    _, (message,) = await run("action_transfer_fee", entities=entities)
    assert message["response"] == response
    assert fee in say(message, "en")["text"]


@pytest.mark.parametrize(
    ("text", "language", "response", "fee"),
    [
        ("how much to wire 3 million to my aunt in melbourne", "en", "utter_transfer_fee_abroad", "Rp75,000"),
        ("kirim 3 juta ke adik di jepang kena berapa", "id", "utter_transfer_fee_abroad", "Rp75.000"),
        ("and if i take out cash at some other bank's atm", "en", "utter_withdrawal_fee", "Rp7,500"),
        ("narik 3 juta dari atm bni dipotong berapa", "id", "utter_withdrawal_fee", "Rp7.500"),
    ],
)
async def test_abroad_and_cash_have_prices_of_their_own_whatever_the_amount(
    run: Run, say: Any, backoffice: str, text: str, language: str, response: str, fee: str
) -> None:
    slots = {"language": language}
    _, (message,) = await run("action_transfer_fee", text=text, slots=slots, entities={"amount": "IDR 3000000"})
    said = say(message, language)["text"]
    assert (message["response"], fee in said, whole(said)) == (response, True, True)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_list_has_every_fee(run: Run, say: Any, backoffice: str, language: str) -> None:
    for text in ("/transfer_fee", "narik 200rb di indomaret kena biaya?", "isi ovo 50rb potongannya berapa"):
        entities = {"amount": "IDR 50000"} if text[0] != "/" else {}
        _, (message,) = await run("action_transfer_fee", text=text, slots={"language": language}, entities=entities)
        said = say(message, language)["text"].replace(",", ".")
        assert all(fee in said for fee in ("Rp2.500", "Rp25.000", "Rp1.000", "Rp75.000", "Rp7.500")), said
        assert whole(said)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("what do you charge to send money to my sister in seoul", Charged.ABROAD),
        ("is a swift payment expensive", Charged.ABROAD),
        ("fee for an overseas transfer of 10 juta", Charged.ABROAD),
        ("i want to remit 2 million to the philippines, cost?", Charged.ABROAD),
        ("tf ke rekening di hongkong ongkosnya brp", Charged.ABROAD),
        ("biaya kirim duit ke luar negri", Charged.ABROAD),
        ("kirim 10jt ke US brp", Charged.ABROAD),
        ("tell us what a transfer to bca costs", Charged.TRANSFER),
        ("kirim valas ada biayanya?", Charged.ABROAD),
        ("potongan kirim 5jt ke pacar di belanda", Charged.ABROAD),
        ("what does a withdrawal cost at a bri machine", Charged.CASH),
        ("do you charge me for taking money out at a mandiri atm", Charged.CASH),
        ("pulling 500k cash at another bank, any fee", Charged.CASH),
        ("penarikan tunai di atm mandiri bayar ga", Charged.CASH),
        ("ambil duit 300rb di atm bersama kepotong berapa", Charged.CASH),
        ("sekali tarik di atm lain kena brp", Charged.CASH),
        ("is there a charge for another bank’s atm", Charged.CASH),
        ("biaya wd di mesin bca", Charged.CASH),
        ("take out 500k at a bni machine, cost?", Charged.CASH),
        ("cek saldo di atm lain bayar?", Charged.OTHER),
        ("fees for transfers and for withdrawals please", Charged.OTHER),
        ("do withdrawals abroad cost anything", Charged.OTHER),
        ("tarik tunai pas di thailand kena charge?", Charged.OTHER),
        ("is there a fee when i receive money from abroad", Charged.OTHER),
        ("terima kiriman dari malaysia dipotong ga", Charged.OTHER),
        ("cash out at alfamart, how much", Charged.OTHER),
        ("topped up my shopeepay with 50k, what was the extra", Charged.OTHER),
        ("kirim 100rb ke dana kena admin?", Charged.OTHER),
        ("how much for sending 2 million to my mum at bca", Charged.TRANSFER),
        ("apa arunika tarik biaya buat transfer?", Charged.TRANSFER),
        ("biaya kirim dana ke bank lain", Charged.TRANSFER),
        ("does a transfer made at an atm cost more", Charged.TRANSFER),
        ("kirim 2jt ke bri kena berapa", Charged.TRANSFER),
        ("/transfer_fee", Charged.TRANSFER),
        *(
            (f"biaya transfer ke {place}", Charged.ABROAD)
            for place in ("rusia", "kamboja", "laos", "nigeria", "swedia")
        ),
        *((f"transfer to {place}, fee?", Charged.ABROAD) for place in ("ireland", "norway", "poland", "portugal")),
        ("biaya transfer antar negara", Charged.ABROAD),
        ("cost of a transfer to a bank in china", Charged.ABROAD),
        ("biaya kirim via swift", Charged.ABROAD),
        ("transfer to jordan", Charged.OTHER),
        ("biaya kirim ke adik di leiden", Charged.OTHER),
        ("send 2 million to my son in utrecht", Charged.OTHER),
        ("biaya kirim uang ke andi", Charged.OTHER),
        ("western union berapa", Charged.OTHER),
        ("biaya transfer ke bank of china indonesia", Charged.OTHER),
        ("fee transfer to bank india indonesia", Charged.OTHER),
        ("biaya kirim ke jl. amerika", Charged.OTHER),
        ("transfer for taylor swift tickets", Charged.OTHER),
        ("biaya tarik tunai di atm arunika", Charged.OTHER),
        ("fee to withdraw at your own atm", Charged.OTHER),
        ("narik di mesin kalian bayar?", Charged.OTHER),
        ("transfer 5 juta ke ibuku di bri", Charged.TRANSFER),
        ("kirim ke rek bca pacar", Charged.TRANSFER),
    ],
)
def test_what_is_charged_is_told_by_the_words(text: str, about: Charged) -> None:
    assert charged(text) is about


# ---- exchange rates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "entities", "said"),
    [
        ("usd?", {"currency": "USD"}, ["1 USD", "sell at Rp16,650", "buy at Rp16,450"]),
        ("100 usd", {"currency": "USD", "amount": "USD 100"}, ["Rp1,665,000 (our selling", "Rp1,645,000 (our buying"]),
        ("buy 100 usd", {"currency": "USD", "amount": "USD 100"}, ["US$100 is about Rp1,665,000", "selling rate"]),
        ("sell 100 usd", {"currency": "USD", "amount": "USD 100"}, ["US$100 is about Rp1,645,000", "buying rate"]),
        ("usd", {"currency": "USD", "amount": "IDR 1665000"}, ["Rp1,665,000 is about US$100", "selling rate"]),
        ("sell usd", {"currency": "USD", "amount": "IDR 1645000"}, ["US$100 ", "selling", "buying"]),
        ("buy 2.5 usd", {"amount": "USD 2.5"}, ["US$2.50 is about Rp41,625"]),
        ("sell yen", {"amount": "JPY 1000"}, ["¥1,000 is about Rp108,800"]),
        ("100 dollars canada", {"currency": "USD", "amount": "CAD 100"}, ["don't exchange CAD", "SAR"]),
        ("chf", {"currency": "CHF"}, ["don't exchange CHF", "SAR"]),
        ("rates", {}, ["Which currency", "USD"]),
    ],
)
async def test_exchange_rates(
    run: Run, say: Any, backoffice: str, text: str, entities: dict[str, str], said: list[str]
) -> None:
    _, (message,) = await run("action_exchange_rate", text=text, entities=entities)
    answer = say(message, "en")["text"]
    assert all(part in answer for part in said), answer
    assert whole(answer)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mau beli 100 usd", ["US$100 kira-kira Rp1.665.000", "kurs jual kami"]),
        ("mau jual 100 usd", ["US$100 kira-kira Rp1.645.000", "kurs beli kami"]),
        ("100 usd berapa", ["Rp1.665.000 (kurs jual", "Rp1.645.000 (kurs beli"]),
    ],
)
async def test_exchange_rates_in_indonesian(run: Run, say: Any, backoffice: str, text: str, said: list[str]) -> None:
    entities, slots = {"currency": "USD", "amount": "USD 100"}, {"language": "id"}
    _, (message,) = await run("action_exchange_rate", text=text, entities=entities, slots=slots)
    answer = say(message, "id")["text"]
    assert all(part in answer for part in said), answer
    assert whole(answer)


@pytest.mark.parametrize(
    ("text", "currency", "meant"),
    [
        ("mau jual 200 euro", "EUR", Way.SELLS),
        ("a client will pay me 800 pounds, what is that in rupiah", "GBP", Way.SELLS),
        ("we get paid in aud, 2000 aud a month", "AUD", Way.SELLS),
        ("i've 350 us dollars from my holiday, what would you give me for them", "USD", Way.SELLS),
        ("leftover 5000 yen, how much back", "JPY", Way.SELLS),
        ("saya dibayar klien 500 usd, jadi berapa", "USD", Way.SELLS),
        ("dapet kiriman 300 sgd dari kakak, rupiahnya berapa", "SGD", Way.SELLS),
        ("my brother sends 200 aud from perth every month", "AUD", Way.SELLS),
        ("tukar 300 ringgit ke rupiah dong", "MYR", Way.SELLS),
        ("ada 300 ringgit, bisa dituker balik ke rupiah?", "MYR", Way.SELLS),
        ("dapet berapa kalo nukerin 50 pound", "GBP", Way.SELLS),
        ("kurs beli buat 2000 sgd", "SGD", Way.SELLS),
        ("what do you pay for 100 euro", "EUR", Way.SELLS),
        ("dicairin 150 usd jadi brp", "USD", Way.SELLS),
        ("i want to exchange my 500 euros", "EUR", Way.SELLS),
        ("biar dapet 5 juta mesti jual berapa dolar", "IDR", Way.OPEN),
        ("gaji 10 juta jadi berapa usd", "IDR", Way.BUYS),
        ("gaji saya 5 juta mau tukar usd", "IDR", Way.BUYS),
        ("leftover 5 juta rupiah to dollars", "IDR", Way.BUYS),
        ("sisa 5 juta mau jadi usd", "IDR", Way.BUYS),
        ("saya terima 5 juta, jadi berapa yen", "IDR", Way.BUYS),
        ("5 juta, kalian jual dolar berapa", "IDR", Way.BUYS),
        ("kurs beli usd buat dapet 5 juta", "IDR", Way.SELLS),
        ("i sell dollars, i need 5 million", "IDR", Way.OPEN),
        ("how many dollars do i exchange to rupiah for 5 million", "IDR", Way.OPEN),
        ("gaji dalam usd, senilai 10 juta", "IDR", Way.OPEN),
        ("send 500 dollars from jakarta to sydney", "USD", Way.BUYS),
        ("wire 1000 sgd from BCA to Singapore", "SGD", Way.BUYS),
        ("transfer $500 from savings to my kid in the US", "USD", Way.BUYS),
        ("kirim 500 usd dari bank arunika ke anak saya", "USD", Way.BUYS),
        ("kirim 500 usd ke anak saya di belanda", "USD", Way.BUYS),
        ("my aunt wants to send 500 usd from the us to me", "USD", Way.SELLS),
        ("transfer 500 usd from my aunt in norway", "USD", Way.SELLS),
        ("kirim 300 euro dari jerman ke indonesia", "EUR", Way.SELLS),
        ("send 500 dollars from sydney to london", "USD", Way.OPEN),
        ("transfer 500 usd from my client", "USD", Way.OPEN),
        ("kirim 100 dolar singapura dari bca ke anak", "SGD", Way.OPEN),
        ("transfer 500 usd ke rekening saya", "USD", Way.OPEN),
        ("sell me 100 usd", "USD", Way.BUYS),
        ("kalian jual 100 usd berapa", "USD", Way.BUYS),
        ("bank jual 100 usd berapa", "USD", Way.BUYS),
        ("does the bank sell 100 usd", "USD", Way.BUYS),
        ("100 usd dijual bank berapa", "USD", Way.BUYS),
        ("kalian beli 100 usd berapa", "USD", Way.SELLS),
        ("bank beli 100 usd berapa", "USD", Way.SELLS),
        ("arunika beli 100 usd berapa", "USD", Way.SELLS),
        ("100 usd dibeli bank berapa", "USD", Way.SELLS),
        ("can you sell my 100 usd", "USD", Way.SELLS),
        ("can you buy me 100 usd", "USD", Way.BUYS),
        ("bank bayar berapa buat 100 usd", "USD", Way.SELLS),
        ("100 usd bisa dijual ke arunika?", "USD", Way.SELLS),
        ("kalau dibeliin yen, 200 yen berapa", "JPY", Way.BUYS),
        ("5 juta kalau dibelikan yen", "IDR", Way.BUYS),
        ("kakak jual 100 usd berapa", "USD", Way.OPEN),
        ("di bank jual 100 usd berapa", "USD", Way.OPEN),
        ("100 usd dibeli berapa", "USD", Way.OPEN),
        ("mau beli 300 dolar", "USD", Way.BUYS),
        ("i need 2000 riyal for umrah", "SAR", Way.BUYS),
        ("what are you selling 10000 yen for", "JPY", Way.BUYS),
        ("kurs jual 1000 usd", "USD", Way.BUYS),
        ("kirim 1000 euro ke anak di jerman, rupiahnya berapa", "EUR", Way.BUYS),
        ("i pay her rent in ringgit, 1500 ringgit", "MYR", Way.BUYS),
        ("how much rupiah for a 25 euro hotel booking", "EUR", Way.BUYS),
        ("5 juta dapet berapa yen", "IDR", Way.BUYS),
        ("change my 5 million into ringgit", "IDR", Way.BUYS),
        ("how many ringgit would i receive for ten million rupiah", "IDR", Way.BUYS),
        ("flying to tokyo, 20000 yen is how much", "JPY", Way.BUYS),
        ("100 dolar berapa rupiah", "USD", Way.OPEN),
        ("usd 500 to idr", "USD", Way.OPEN),
        ("nilai tukar 100 euro ke rupiah", "EUR", Way.OPEN),
        ("mau tukar 200 sgd", "SGD", Way.OPEN),
        ("buy and sell price of 100 usd", "USD", Way.OPEN),
        ("kurs jual beli 100 usd", "USD", Way.OPEN),
        ("give me the rate of 100 usd please", "USD", Way.OPEN),
    ],
)
def test_the_way_that_currency_goes_is_told_by_the_words(text: str, currency: str, meant: Way) -> None:
    assert way(text, currency) is meant
