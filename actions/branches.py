"""Branches: where they are and when they are open, on a day that the customer names, too."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import backoffice
from actions.language import language_of
from actions.session import latest_day, latest_value
from actions.wording import day, listed, weekdays


class ActionBranchHours(Action):
    """Tells the branches of a city, whether they are open on a day, or hours and cities."""

    def name(self) -> str:
        return "action_branch_hours"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        language = language_of(tracker)
        try:
            found = await backoffice.branches()
        except backoffice.BackofficeUnavailable:
            found = None
        if found is None or not found.branches:
            dispatcher.utter_message(response="utter_branch_unavailable")
            return []
        cities = listed(list(dict.fromkeys(branch.city for branch in found.branches)), language)
        city, asked = latest_value(tracker, "city"), latest_day(tracker)
        here = [branch for branch in found.branches if city and branch.city.casefold() == city.casefold()]
        first = (here or found.branches)[0]
        hours = {"days": weekdays(first.days, language), "opens": first.opens, "closes": first.closes}
        if city and not here:
            dispatcher.utter_message(response="utter_branch_no_city", city=city.title(), cities=cities)
        elif asked:
            if _open(asked, here or found.branches, found.holidays):
                dispatcher.utter_message(response="utter_branch_open", day=day(asked, language), **hours)
            else:
                coming = next_open(asked, here or found.branches, found.holidays)
                dispatcher.utter_message(
                    response="utter_branch_closed", day=day(asked, language), next_day=day(coming, language), **hours
                )
        elif here:
            names = listed([branch.name for branch in here], language)
            dispatcher.utter_message(response="utter_branch_city", city=here[0].city, branches=names, **hours)
        else:
            dispatcher.utter_message(response="utter_branch_hours", cities=cities, **hours)
        return []


def next_open(after: date, branches: Sequence[backoffice.Branch], holidays: Sequence[date]) -> date:
    """The first day after `after` on which one of the branches is open; within a month."""
    days = (after + timedelta(days=ahead) for ahead in range(1, 32))
    return next((each for each in days if _open(each, branches, holidays)), after + timedelta(days=1))


def _open(on: date, branches: Sequence[backoffice.Branch], holidays: Sequence[date]) -> bool:
    return on not in holidays and any(on.isoweekday() in branch.days for branch in branches)
