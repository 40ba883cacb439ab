"""What is said at each step, in English and French: who we are, why we write, and how to make us stop."""

from collections.abc import Mapping

from domain.leads.rules import Channel

LANGUAGES = ("en", "fr")
OPT_OUT = {"en": "Reply STOP to opt out.", "fr": "Répondez ARRÊT pour ne plus recevoir de messages."}
LEAVE_ALONE = {
    "en": "If they ask us to stop: apologise, hang up and press “Asked us to stop”.",
    "fr": "Si la personne demande d’arrêter : excusez-vous, raccrochez et appuyez sur « Asked us to stop ».",
}

_TEXTS: Mapping[str, Mapping[int, str]] = {
    "en": {
        1: "Hello{name}, {business} here. We understand you may sell {property}. When is a good time to call?",
        3: "Hello{name}, {business} again about {property}. We tried to call; when does it suit you?",
        5: "Hello{name}, this is {business}. We would still like to make an offer for {property}. Is it of interest?",
    },
    "fr": {
        1: "Bonjour{name}, ici {business}. Vous songez à vendre {property}. Quand pouvons-nous vous appeler?",
        3: "Bonjour{name}, {business} encore, au sujet de {property}. Quel moment vous conviendrait pour un appel?",
        5: "Bonjour{name}, ici {business}. Nous aimerions toujours vous faire une offre pour {property}. "
        "Êtes-vous intéressé?",
    },
}
_CALLS: Mapping[str, Mapping[int, str]] = {
    "en": {
        2: "Hello{name}, this is … calling for {business} about {property}. Are you thinking of selling it?",
        4: "Hello{name}, this is … calling again for {business} about {property}. Is this a better moment?",
        6: "Hello{name}, this is … for {business}. My last call about {property}: is an offer of interest to you?",
    },
    "fr": {
        2: "Bonjour{name}, ici … de la part de {business}, au sujet de {property}. Songez-vous à vendre?",
        4: "Bonjour{name}, ici … de nouveau, pour {business}, au sujet de {property}. Est-ce un meilleur moment?",
        6: "Bonjour{name}, ici … pour {business}. C’est mon dernier appel au sujet de {property} : une offre vous "
        "intéresse-t-elle?",
    },
}
_ANY: Mapping[Channel, Mapping[str, str]] = {
    Channel.SMS: {
        "en": "Hello{name}, this is {business}, about {property}. When is a good time to call?",
        "fr": "Bonjour{name}, ici {business}, au sujet de {property}. Quand pouvons-nous vous appeler?",
    },
    Channel.CALL: {
        "en": "Hello{name}, this is … calling for {business} about {property}, as you asked.",
        "fr": "Bonjour{name}, ici … de la part de {business}, au sujet de {property}, comme convenu.",
    },
}
_PROPERTY = {"en": "your property", "fr": "votre propriété"}


def words_for(
    step: int, channel: Channel, *, language: str, province: str, business: str, seller: str | None, address: str | None
) -> str:
    """Return what to send or say; a text names us and how to opt out, in both languages in Quebec."""
    tongue = language if language in LANGUAGES else "en"
    by_step = (_TEXTS if channel is Channel.SMS else _CALLS)[tongue]
    template = by_step.get(step) or _ANY[channel][tongue]
    said = template.format(
        name=f" {seller}" if seller else "", business=business,
        property=address.split(",")[0] if address else _PROPERTY[tongue],
    )  # fmt: skip
    if channel is not Channel.SMS:
        return said
    others = [OPT_OUT[other] for other in LANGUAGES if other != tongue and province == "QC"]
    return " ".join((said, OPT_OUT[tongue], *others))


def reminder(language: str) -> str:
    """Return what a caller must not forget."""
    return LEAVE_ALONE["fr" if language == "fr" else "en"]
