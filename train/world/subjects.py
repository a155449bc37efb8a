# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can appear in the toy world.

Every subject is a line `name | emoji label | facing` under its class; the label is the English
name that emojibase-data gives the emoji, the facing is where the picture looks (L left, R right, F
to the viewer) and decides when it must be mirrored. The order is part of the world: the composer
picks by index, so a new subject goes to the end of its class.
"""
from typing import NamedTuple


class Subject(NamedTuple):
    """One line of a class table."""

    cls: str
    name: str
    label: str
    facing: str


CLASS_TABLES = {
    'land': """
        dog | dog | L; poodle | poodle | L; cat | cat | L; black cat | black cat | L;
        lion | lion | F; tiger | tiger | L; leopard | leopard | L; horse | horse | L;
        unicorn | unicorn | L; zebra | zebra | L; deer | deer | L; bison | bison | L; ox | ox | L;
        cow | cow | L; pig | pig | L; boar | boar | L; ram | ram | L; sheep | ewe | L;
        goat | goat | L; camel | two-hump camel | L; llama | llama | L; giraffe | giraffe | L;
        elephant | elephant | L; mammoth | mammoth | L; rhinoceros | rhinoceros | L;
        hippopotamus | hippopotamus | L; mouse | mouse | L; rat | rat | L; hamster | hamster | F;
        rabbit | rabbit | L; beaver | beaver | L; hedgehog | hedgehog | L; bear | bear | F;
        polar bear | polar bear | F; koala | koala | F; panda | panda | F; sloth | sloth | F;
        otter | otter | L; skunk | skunk | L; kangaroo | kangaroo | L; badger | badger | L;
        monkey | monkey | L; gorilla | gorilla | L; orangutan | orangutan | L; fox | fox | F;
        wolf | wolf | F; raccoon | raccoon | F; frog | frog | F; crocodile | crocodile | L;
        turtle | turtle | L; lizard | lizard | L; snake | snake | L; dragon | dragon | L;
        dinosaur | sauropod | L; T-Rex | T-Rex | L; snail | snail | L;
        """,
    'bird': """
        turkey | turkey | L; chicken | chicken | L; rooster | rooster | L;
        hatching chick | hatching chick | F; baby chick | baby chick | L; bird | bird | L;
        penguin | penguin | F; eagle | eagle | L; duck | duck | L; swan | swan | L; owl | owl | F;
        dodo | dodo | L; flamingo | flamingo | L; peacock | peacock | L; parrot | parrot | L;
        """,
    'flyer': """
        bat | bat | F; butterfly | butterfly | F; bee | honeybee | L; ladybug | lady beetle | F;
        mosquito | mosquito | L;
        """,
    'bug': """
        ant | ant | L; beetle | beetle | F; cricket | cricket | L; scorpion | scorpion | F;
        caterpillar | bug | L; spider | spider | F;
        """,
    'sea': """
        blue whale | whale | L; whale | spouting whale | L; dolphin | dolphin | L; seal | seal | L;
        fish | fish | L; tropical fish | tropical fish | L; blowfish | blowfish | L;
        shark | shark | L; octopus | octopus | F; crab | crab | F; lobster | lobster | F;
        shrimp | shrimp | L; squid | squid | F;
        """,
    'vehicle': """
        train | locomotive | L; tram | tram car | F; bus | bus | L; minibus | minibus | L;
        ambulance | ambulance | L; fire engine | fire engine | L; police car | police car | L;
        taxi | taxi | L; red car | automobile | L; blue car | sport utility vehicle | L;
        delivery truck | delivery truck | L; lorry | articulated lorry | L; tractor | tractor | L;
        auto rickshaw | auto rickshaw | L; trolleybus | trolleybus | L; racing car | racing car | L;
        motorcycle | motorcycle | L;
        """,
    'boat': """
        sailboat | sailboat | F; canoe | canoe | L; speedboat | speedboat | L; ship | ship | F;
        """,
    'air': """
        helicopter | helicopter | L; rocket | rocket | F; flying saucer | flying saucer | F;
        airplane | airplane | R; parachute | parachute | F;
        """,
    'face': """
        smiley face | grinning face with big eyes | F; laughing face | face with tears of joy | F;
        heart-eyes face | smiling face with heart-eyes | F; star-struck face | star-struck | F;
        sunglasses face | smiling face with sunglasses | F; cowboy face | cowboy hat face | F;
        party face | partying face | F; sleeping face | sleeping face | F;
        crying face | loudly crying face | F; angry face | enraged face | F;
        scared face | face screaming in fear | F; winking face | winking face | F;
        nerd face | nerd face | F; robot | robot | F; ghost | ghost | F; alien | alien | F;
        alien monster | alien monster | F; clown | clown face | F; skull | skull | F;
        pumpkin | jack-o-lantern | F; sun face | sun with face | F; moon face | full moon face | F;
        star | star | F; glowing star | glowing star | F; fire | fire | F;
        red heart | growing heart | F; blue heart | blue heart | F; green heart | green heart | F;
        """,
    'person': """
        astronaut | astronaut | F; superhero | superhero | F; wizard | mage | F; fairy | fairy | F;
        mermaid | mermaid | F; Santa Claus | Santa Claus | F; ninja | ninja | F;
        dancing woman | woman dancing | F; dancing man | man dancing | F; cook | cook | F;
        farmer | farmer | F; firefighter | firefighter | F; police officer | police officer | F;
        cyclist | person biking | L; juggler | person juggling | F; elf | elf | F;
        vampire | vampire | F; zombie | zombie | F; prince | prince | F; princess | princess | F;
        baby | baby | F; running man | man running | L; surfer | person surfing | F;
        """,
    'object': """
        soccer ball | soccer ball | F; basketball | basketball | F; balloon | balloon | F;
        teddy bear | teddy bear | F; alarm clock | alarm clock | F;
        birthday cake | birthday cake | F; hot drink | hot beverage | F;
        tropical drink | tropical drink | F; watermelon | watermelon | F;
        strawberry | strawberry | F; red apple | red apple | F; banana | banana | F;
        doughnut | doughnut | F; ice cream | soft ice cream | F; hamburger | hamburger | F;
        pizza | pizza | F; cupcake | cupcake | F; gem stone | gem stone | F;
        gift box | wrapped gift | F; crystal ball | crystal ball | F;
        snowman | snowman without snow | F; Christmas tree | Christmas tree | F;
        guitar | guitar | F; drum | drum | F; trumpet | trumpet | F; violin | violin | F;
        bell | bell | F; mushroom | mushroom | F;
        """,
}

# Scenery: emoji labels only, always drawn without animation.
SCENERY_LABELS = """
    evergreen tree; deciduous tree; palm tree; cactus; house; house with garden; office building;
    hotel; bank; department store; hospital; school; church; castle; factory; crescent moon;
    full moon; rock; wood; tulip; sunflower; mushroom; hibiscus; coral; spiral shell; blossom;
    rose; herb; seedling; volcano; mount fuji; ferris wheel; ringed planet; star; sheaf of rice;
    globe showing Americas; cherry blossom; potted plant; tent; convenience store; Tokyo tower;
    sun; cloud; mountain; snow-capped mountain; umbrella on ground; snowman; fountain; lotus;
    maple leaf; cherries; vertical traffic light; bus stop; comet; satellite; jellyfish; hut;
"""


def _parse(cls, table):
    """Subjects of one class table."""
    rows = (row.strip() for row in table.replace('\n', ' ').split(';'))
    return [Subject(cls, *(part.strip() for part in row.split('|'))) for row in rows if row]


SUBJECTS = [subject for cls, table in CLASS_TABLES.items() for subject in _parse(cls, table)]
SCENERY = [label.strip() for label in SCENERY_LABELS.replace('\n', ' ').split(';') if label.strip()]

# Who the bundled model is taught first: few enough that it sees each of them thousands of times.
LEADS = """
    dog; cat; fox; rabbit; elephant; cow; sheep; camel; penguin; duck; owl; rooster; butterfly;
    dolphin; whale; tropical fish; racing car; taxi; fire engine; sailboat; rocket; flying saucer;
    smiley face; robot; red heart; astronaut; strawberry; red apple; balloon; teddy bear; snowman; star
"""
LEADS = tuple(name.strip() for name in LEADS.split(';'))
