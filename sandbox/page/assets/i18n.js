// The page's words in both languages.

import { WORDS } from "./social/words.js";

const CATALOGUE = {
  en: {
    ...WORDS.en,
    skip: "Skip to writing",
    title: "Sandbox",
    subtitle: "Pretend platforms. Write as a customer and see what the customer sees.",
    language: "Language",
    people: "Customers",
    newCustomer: "New customer",
    newGroup: "New group",
    back: "Back to the customers",
    backToChat: "Back to the chat",
    messages: "Messages",
    quickReplies: "Quick replies",
    writeAs: "Write as",
    write: "Write a message",
    send: "Send",
    save: "Save",
    cancel: "Cancel",
    create: "Create",
    name: "Name",
    appLanguage: "Language of their app",
    members: "Members, besides the bot",
    attach: "Attach",
    sendPhoto: "Send a photo",
    sendVoice: "Send a voice message",
    sendDocument: "Send a document",
    photo: "Photo",
    voice: "Voice message",
    document: "Document",
    edit: "Edit",
    remove: "Delete",
    reply: "Reply",
    edited: "edited",
    removed: "This message was deleted.",
    editing: "Editing your message",
    replying: "Replying to: {text}",
    gone: "a deleted message",
    block: "Block the bot",
    unblock: "Unblock the bot",
    blocked: "{name} has blocked the bot. Nothing can be sent in either direction.",
    mention: "Mention {bot}",
    notStarted: "Has not written yet",
    talksTo: "talks to {bot}",
    groupOf: "Group · {names}",
    typing: "{bot} is typing …",
    start: "Start",
    introTitle: "{name} has not written yet",
    intro: "{bot} can't write first: that's how the platform works. Press Start, or send one of these:",
    introGroup: "In a group the bot answers when it is mentioned. Choose who writes, and mention it.",
    deepLink: "Came through a link with the code",
    deepLinkHint: "optional, such as promo_july",
    unread: "{count} new",
    platform: "Platform settings",
    delivery: "Delivery to the bot",
    dials: "How unkind is the platform?",
    dialsHint: "Real platforms repeat, reorder, refuse and lose. Turn a dial and watch the conversation stay whole.",
    presetKind: "Kind",
    presetBad: "A bad day",
    saved: "Set.",
    duplicate_share: "Updates delivered twice",
    reorder_share: "Updates overtaken by the next",
    error_share: "Calls refused with an error",
    timeout_after_send_share: "Answers lost after sending",
    latency_s: "Each call takes, seconds",
    per_chat_per_second: "Messages a second to a chat",
    overall_per_second: "Messages a second in all",
    in_order: "Keep each chat's updates in order",
    off: "0 = no limit",
    statusOk: "Bot connected",
    statusPolling: "Bot connected (polling)",
    statusNone: "Waiting for the bot to connect",
    statusDown: "The bot can't be reached",
    statusLost: "Connection to the sandbox lost, trying again …",
    webhook: "Webhook",
    noWebhook: "none set",
    pending: "Waiting to be taken",
    connections: "At most at once",
    lastError: "Last error",
    noError: "none",
    failed: "That did not work: {why}",
    answered: "{bot}: {text}",
    chatChanged: "You are now writing as {name}.",
  },
  id: {
    ...WORDS.id,
    skip: "Langsung ke kolom pesan",
    title: "Kotak pasir",
    subtitle: "Platform tiruan. Tulis sebagai pelanggan dan lihat apa yang dilihat pelanggan.",
    language: "Bahasa",
    people: "Pelanggan",
    newCustomer: "Pelanggan baru",
    newGroup: "Grup baru",
    back: "Kembali ke daftar pelanggan",
    backToChat: "Kembali ke percakapan",
    messages: "Pesan",
    quickReplies: "Balasan cepat",
    writeAs: "Tulis sebagai",
    write: "Tulis pesan",
    send: "Kirim",
    save: "Simpan",
    cancel: "Batal",
    create: "Buat",
    name: "Nama",
    appLanguage: "Bahasa aplikasinya",
    members: "Anggota, selain bot",
    attach: "Lampirkan",
    sendPhoto: "Kirim foto",
    sendVoice: "Kirim pesan suara",
    sendDocument: "Kirim dokumen",
    photo: "Foto",
    voice: "Pesan suara",
    document: "Dokumen",
    edit: "Ubah",
    remove: "Hapus",
    reply: "Balas",
    edited: "diubah",
    removed: "Pesan ini sudah dihapus.",
    editing: "Mengubah pesan Anda",
    replying: "Membalas: {text}",
    gone: "pesan yang sudah dihapus",
    block: "Blokir bot",
    unblock: "Buka blokir bot",
    blocked: "{name} memblokir bot. Tidak ada pesan yang bisa dikirim dari kedua arah.",
    mention: "Sebut {bot}",
    notStarted: "Belum pernah menulis",
    talksTo: "berbicara dengan {bot}",
    groupOf: "Grup · {names}",
    typing: "{bot} sedang mengetik …",
    start: "Mulai",
    introTitle: "{name} belum pernah menulis",
    intro: "{bot} tidak bisa menulis lebih dulu: begitulah aturan platform. Tekan Mulai, atau kirim salah satu ini:",
    introGroup: "Di grup, bot menjawab kalau disebut. Pilih siapa yang menulis, lalu sebut botnya.",
    deepLink: "Datang lewat tautan dengan kode",
    deepLinkHint: "boleh kosong, misalnya promo_juli",
    unread: "{count} baru",
    platform: "Pengaturan platform",
    delivery: "Pengiriman ke bot",
    dials: "Seberapa nakal platformnya?",
    dialsHint: "Platform sungguhan suka mengulang, menukar urutan, menolak, dan kehilangan. Putar tombolnya dan lihat percakapan tetap utuh.",
    presetKind: "Ramah",
    presetBad: "Hari buruk",
    saved: "Diatur.",
    duplicate_share: "Pembaruan terkirim dua kali",
    reorder_share: "Pembaruan disusul berikutnya",
    error_share: "Panggilan ditolak dengan galat",
    timeout_after_send_share: "Jawaban hilang setelah terkirim",
    latency_s: "Lama tiap panggilan, detik",
    per_chat_per_second: "Pesan per detik ke satu obrolan",
    overall_per_second: "Pesan per detik seluruhnya",
    in_order: "Jaga urutan tiap obrolan",
    off: "0 = tanpa batas",
    statusOk: "Bot tersambung",
    statusPolling: "Bot tersambung (polling)",
    statusNone: "Menunggu bot tersambung",
    statusDown: "Bot tidak bisa dihubungi",
    statusLost: "Sambungan ke kotak pasir putus, mencoba lagi …",
    webhook: "Webhook",
    noWebhook: "belum diatur",
    pending: "Menunggu diambil",
    connections: "Paling banyak sekaligus",
    lastError: "Galat terakhir",
    noError: "tidak ada",
    failed: "Tidak berhasil: {why}",
    answered: "{bot}: {text}",
    chatChanged: "Sekarang Anda menulis sebagai {name}.",
  },
};

/** First lines that a customer may send, in the customer's language. */
export const OPENERS = {
  en: ["Hi, where is my card?", "What's the status of order AR-20305?", "Can I talk to a person please"],
  id: ["Halo, kartu saya kok belum sampai ya?", "Pesanan AR-20305 sudah sampai mana?", "Mau bicara dengan petugas dong"],
};

let language = "en";

export const current = () => language;

export function choose(wanted) {
  language = wanted in CATALOGUE ? wanted : "en";
  try {
    localStorage.setItem("sandbox-language", language);
  } catch {
    // Storage may be switched off; then the choice lasts until the page is left.
  }
  document.documentElement.lang = language;
  for (const [attribute, put] of [
    ["i18n", (node, text) => { node.textContent = text; }],
    ["i18nLabel", (node, text) => node.setAttribute("aria-label", text)],
    ["i18nPlaceholder", (node, text) => node.setAttribute("placeholder", text)],
  ]) {
    const selector = `[data-${attribute.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}]`;
    for (const node of document.querySelectorAll(selector)) put(node, t(node.dataset[attribute]));
  }
}

export function remembered() {
  try {
    return localStorage.getItem("sandbox-language") || navigator.language.slice(0, 2);
  } catch {
    return navigator.language.slice(0, 2);
  }
}

/** Whether there are words for `key`. */
export const has = (key) => key in CATALOGUE[language];

/** The words for `key`, with {placeholders} filled in. */
export function t(key, values = {}) {
  return CATALOGUE[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const time = (ms) => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(ms);

export const day = (ms) => new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" }).format(ms);
