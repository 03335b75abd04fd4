"""The custom actions of the assistant, one file per topic, run by rasa_sdk.

They import neither `bot` nor `channels`: the same files work in Sigap's worker and on a stock action server.
"""
