"""What the assistant can be asked about, as buttons: for "did you mean …?".

The one place apart from domain.yml with words for customers: which of these buttons are shown depends on the message.
"""

from collections.abc import Iterable, Mapping

Title = Mapping[str, str]

TOPICS: Mapping[str, Title] = {
    "order_status": {"en": "Track an order", "id": "Lacak pesanan"},
    "order_cancel": {"en": "Cancel an order", "id": "Batalkan pesanan"},
    "order_return": {"en": "Return something", "id": "Kembalikan barang"},
    "refund_status": {"en": "Refund status", "id": "Status refund"},
    "promo_code": {"en": "Promo code", "id": "Kode promo"},
    "payment_methods": {"en": "Ways to pay", "id": "Cara bayar"},
    "card_delivery_status": {"en": "Card delivery", "id": "Pengiriman kartu"},
    "card_activate": {"en": "Activate a card", "id": "Aktifkan kartu"},
    "card_block": {"en": "Lost or stolen card", "id": "Kartu hilang"},
    "card_unblock": {"en": "Unfreeze a card", "id": "Buka blokir kartu"},
    "card_replace": {"en": "Replace a card", "id": "Ganti kartu"},
    "card_declined": {"en": "Payment declined", "id": "Transaksi ditolak"},
    "pending_transfer": {"en": "Transfer pending", "id": "Transfer tertunda"},
    "make_transfer": {"en": "Send money", "id": "Kirim uang"},
    "transfer_cancel": {"en": "Cancel a transfer", "id": "Batalkan transfer"},
    "transfer_fee": {"en": "Transfer fees", "id": "Biaya transfer"},
    "transfer_limit": {"en": "Transfer limits", "id": "Limit transfer"},
    "top_up": {"en": "Top up", "id": "Isi saldo"},
    "exchange_rate": {"en": "Exchange rates", "id": "Kurs valas"},
    "deposit_rate": {"en": "Interest rates", "id": "Bunga deposito"},
    "account_balance": {"en": "Balance", "id": "Saldo"},
    "account_statement": {"en": "Statements", "id": "E-statement"},
    "open_account": {"en": "Open an account", "id": "Buka rekening"},
    "close_account": {"en": "Close an account", "id": "Tutup rekening"},
    "reset_password": {"en": "Password or PIN", "id": "Kata sandi atau PIN"},
    "change_address": {"en": "Change my details", "id": "Ubah data diri"},
    "app_problem": {"en": "App problem", "id": "Kendala aplikasi"},
    "branch_hours": {"en": "Branches", "id": "Cabang"},
}
PERSON: Title = {"en": "Talk to a person", "id": "Hubungi petugas"}


def buttons(intents: Iterable[str], language: str) -> list[dict[str, str]]:
    """One button for each topic, and a person at the end."""
    found = [{"title": TOPICS[intent][language], "payload": f"/{intent}"} for intent in intents]
    return [*found, {"title": PERSON[language], "payload": "/talk_to_human"}]
