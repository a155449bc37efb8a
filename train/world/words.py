# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that captions are made of.

NAMES are what a subject is usually called (repeated words are likelier); SYNONYMS are rarer words,
picked by hand from emoji tags and WordNet's first noun senses, that teach the text encoder more of
English.
"""

ADJECTIVES = ('cute', 'little', 'happy', 'funny', 'lovely', 'small', 'cheerful') + ('',) * 7

_NAMES_TEXT = """
    dog = dog | dog | puppy; cat = cat | cat | kitten | ginger cat; ox = ox | bull;
    pig = pig | pink pig | piglet; sheep = sheep | lamb; camel = camel;
    rabbit = rabbit | bunny | white rabbit;
    dinosaur = dinosaur | long-necked dinosaur | green dinosaur; T-Rex = T-Rex | tyrannosaurus;
    baby chick = chick | baby chick; bee = bee | honeybee; ladybug = ladybug | ladybird;
    train = train | steam train | locomotive; fire engine = fire engine | fire truck;
    red car = red car | car | automobile; blue car = blue car | blue SUV | car;
    delivery truck = delivery truck | truck; lorry = lorry | big truck;
    flying saucer = flying saucer | UFO | spaceship; airplane = airplane | plane;
    smiley face = smiley face | yellow smiley | happy emoji face;
    pumpkin = pumpkin | Halloween pumpkin; wizard = wizard | mage;
    soccer ball = soccer ball | football | ball; teddy bear = teddy bear | teddy;
    hot drink = cup of coffee | coffee cup; tropical drink = tropical drink | cocktail;
    red apple = red apple | apple; doughnut = doughnut | donut; hamburger = hamburger | burger;
    gem stone = blue gem | gem | diamond; gift box = gift box | present;
    birthday cake = birthday cake | cake; robot = robot | toy robot;
    police officer = police officer | policeman; hippopotamus = hippo | hippopotamus;
    rhinoceros = rhino | rhinoceros; fish = blue fish | fish; frog = frog | green frog;
    parrot = parrot | colourful parrot; bird = bird | red bird; octopus = octopus;
    crab = crab | red crab; motorcycle = motorcycle | motorbike; helicopter = helicopter;
    mushroom = mushroom | red mushroom; taxi = taxi | yellow taxi | cab; bus = bus | yellow bus;
    tractor = tractor | green tractor; red heart = heart | pink heart; fire = flame | fire;
"""

_SYNONYMS_TEXT = """
    dog = doggy | hound | pup; cat = kitty | tabby cat | orange cat;
    black cat = black kitten | dark cat; lion = big cat | king of beasts; tiger = striped big cat;
    leopard = panther | spotted big cat; horse = pony | brown horse | stallion; unicorn = magic
    horse; deer = stag | fawn; bison = buffalo; cow = dairy cow | spotted cow; boar = wild boar |
    wild pig; goat = billy goat; llama = alpaca; mammoth = woolly mammoth; mouse = white mouse |
    little mouse; rabbit = hare; hedgehog = porcupine; bear = brown bear | grizzly bear;
    polar bear = white bear | ice bear; panda = panda bear; koala = koala bear;
    monkey = little ape | chimp; orangutan = ape; gorilla = big ape; fox = red fox; raccoon = coon;
    frog = toad; crocodile = alligator | croc; turtle = tortoise; lizard = gecko | reptile;
    snake = serpent; dinosaur = brontosaurus | sauropod; T-Rex = T rex | dino;
    rooster = cock | cockerel; chicken = hen; baby chick = little yellow bird;
    bird = songbird | robin; duck = mallard; swan = white swan; penguin = baby penguin;
    bee = bumblebee; ladybug = lady beetle; beetle = bug; caterpillar = worm; cricket = grasshopper;
    blue whale = whale; dolphin = porpoise; seal = sea lion; fish = carp;
    tropical fish = clownfish | yellow fish; blowfish = pufferfish; octopus = kraken | cephalopod;
    shrimp = prawn; train = engine | railway engine; tram = streetcar | tram car; bus = coach;
    minibus = van; ambulance = emergency car; police car = cop car | patrol car;
    red car = red automobile; blue car = blue automobile | jeep;
    racing car = race car | Formula 1 car; motorcycle = bike; auto rickshaw = tuk-tuk;
    sailboat = sailing boat | yacht; ship = cruise ship | ocean liner; speedboat = motorboat;
    helicopter = chopper; rocket = spaceship | space rocket; flying saucer = alien ship;
    airplane = aeroplane | jet | aircraft; smiley face = smiling face | grinning face | emoji;
    laughing face = laughing emoji | face laughing out loud;
    heart-eyes face = face in love | loving face; sunglasses face = cool face;
    crying face = sad face | weeping face; angry face = mad face | furious face;
    sleeping face = sleepy face | snoring face; scared face = screaming face | frightened face;
    robot = android | droid; ghost = spook; alien = extraterrestrial | little green man;
    pumpkin = jack-o-lantern; skull = dead head; fire = blaze | bonfire; red heart = love heart;
    star = yellow star; sun face = smiling sun | sun; moon face = smiling moon | moon;
    astronaut = spaceman | cosmonaut; wizard = sorcerer | magician; superhero = hero;
    Santa Claus = Father Christmas | Santa; dancing woman = woman dancing | female dancer;
    dancing man = man dancing | male dancer; cook = chef; firefighter = fireman;
    cyclist = woman on a bicycle | person riding a bike; running man = runner | jogger;
    surfer = person surfing; baby = infant | toddler; soccer ball = black and white ball;
    basketball = orange ball; balloon = red balloon; teddy bear = stuffed bear | plush bear;
    alarm clock = clock; hot drink = cup of tea | mug; ice cream = ice cream cone;
    gem stone = jewel | crystal; gift box = wrapped gift;
    Christmas tree = fir tree with lights | xmas tree; snowman = man of snow; violin = fiddle;
    guitar = acoustic guitar; bell = golden bell;
"""

_CALLS_TEXT = """
    dog = barks; poodle = barks; cat = meows; black cat = meows; lion = roars; tiger = roars;
    leopard = growls; horse = neighs; zebra = brays; cow = moos; ox = bellows; pig = oinks;
    boar = grunts; sheep = bleats; ram = bleats; goat = bleats; elephant = trumpets;
    mammoth = trumpets; mouse = squeaks; rat = squeaks; frog = croaks; duck = quacks; rooster =
    crows; chicken = clucks; turkey = gobbles; owl = hoots; bee = buzzes; mosquito = buzzes; wolf =
    howls; dragon = roars; dinosaur = roars; T-Rex = roars; bear = growls; polar bear = growls;
    bird = sings; baby chick = peeps; hatching chick = peeps; parrot = squawks; cricket = chirps;
    dolphin = clicks and whistles; seal = barks; monkey = chatters; gorilla = grunts; fox = yelps;
    eagle = screeches; snake = hisses; penguin = calls; whale = sings;
    blue whale = sings; ambulance = sounds its siren; police car = sounds its siren;
    fire engine = sounds its siren; train = whistles; bell = rings; alarm clock = rings;
    drum = plays a drum roll; guitar = plays a tune; trumpet = plays a fanfare;
    violin = plays a melody; ghost = howls; laughing face = laughs; crying face = cries;
    robot = beeps; motorcycle = roars;
"""


def _table(text):
    """'key = a | b; ...' -> {key: (a, b)}"""
    rows = (row.split('=') for row in text.replace('\n', ' ').split(';') if row.strip())
    return {
        key.strip(): tuple(' '.join(word.split()) for word in value.split('|'))
        for key, value in rows
    }


NAMES = _table(_NAMES_TEXT)
SYNONYMS = _table(_SYNONYMS_TEXT)
# What a subject does when it speaks: 'the dog barks'.
CALLS = {name: verbs[0] for name, verbs in _table(_CALLS_TEXT).items()}

ACTIONS = {
    'stand': ('stands still', 'is standing', 'looks around', ''),
    'walk': ('walks to the {side}', 'is walking {side}', 'strolls to the {side}'),
    'drive': (
        'drives to the {side}',
        'is driving {side}',
        'rolls along to the {side}',
        'races to the {side}',
    ),
    'hop': ('hops up and down', 'is hopping', 'jumps happily', 'jumps up and down'),
    'bounce': ('bounces', 'bounces up and down', 'is bouncing'),
    'fly': ('flies to the {side}', 'is flying {side}', 'glides to the {side}'),
    'hover': ('floats', 'hovers in place', 'drifts gently'),
    'swim': ('swims to the {side}', 'is swimming {side}'),
    'sail': ('sails to the {side}', 'drifts to the {side}', 'swims to the {side}'),
    'leap': ('leaps out of the water', 'jumps out of the sea'),
    'spin': ('spins around', 'is spinning', 'twirls'),
    'roll': ('rolls to the {side}', 'is rolling {side}'),
    'rise': ('floats up', 'rises into the air', 'floats upwards'),
    'fall': ('falls slowly', 'floats down'),
    'drop': ('drops in from above', 'falls from the sky and lands', 'drops down and bounces'),
    'approach': ('comes closer', 'approaches the camera', 'moves towards the camera'),
}
FRONTAL_STAND = ('', 'stands still', 'looks at the camera')
AMBIENCES = {
    'birds': ('birds chirping', 'birdsong'),
    'forest': ('wind in the leaves', 'forest sounds'),
    'waves': ('sound of waves', 'gentle waves'),
    'wind': ('wind blowing', 'soft wind'),
    'coldwind': ('cold wind', 'winter wind'),
    'city': ('city noise', 'traffic hum'),
    'bubbles': ('bubbling water', 'underwater bubbles'),
    'space': ('a deep space hum', 'a humming drone'),
    'quiet': ('silence', 'quiet room'),
}
RAIN_AMBIENCES = ('rain falling', 'sound of rain')
NIGHT_AMBIENCES = ('crickets at night', 'chirping crickets')
TIMES = {
    'day': ('', '', 'during the day', 'in daylight'),
    'sunset': ('at sunset', 'in the evening light', 'at dusk'),
    'night': ('at night', 'on a starry night', 'under the moon'),
}
SNOWFALL = ('while it snows', 'in falling snow', 'as snow falls')
SHOTS = {
    'close': ('close-up', 'close-up shot', 'a close-up view'),
    'medium': ('', 'medium shot', ''),
    'far': ('far away', 'wide shot', 'seen from far away'),
}
CAMERAS = {
    'static': ('', '', '', 'static camera'),
    'pan left': ('the camera pans left', 'camera pan left'),
    'pan right': ('the camera pans right', 'camera pan right'),
    'zoom in': ('the camera zooms in', 'slow zoom in'),
    'zoom out': ('the camera zooms out', 'slow zoom out'),
}
HOP_SOUNDS = ('Boing sounds', 'Bouncy sounds')
DROP_SOUNDS = ('A whistle and a thud', 'A falling whistle and a thump')
ENGINE_SOUNDS = ('Engine sound', 'The engine hums')
SPIN_SOUNDS = ('Whooshing sound', 'Whoosh')


def with_article(word):
    """'dog' -> 'a dog', 'owl' -> 'an owl'."""
    sounds_like_you = word.startswith(('UFO', 'uni'))
    return ('an ' if word[0].lower() in 'aeiou' and not sounds_like_you else 'a ') + word


def plural(word):
    """English plural of a subject's name."""
    if word.endswith(('sheep', 'fish')):
        return word
    if word.endswith(('s', 'x', 'ch', 'sh')):
        return word + 'es'
    if word.endswith('y') and word[-2] not in 'aeiou':
        return word[:-1] + 'ies'
    if word.endswith('fe'):
        return word[:-2] + 'ves'
    if word.endswith('mouse'):
        return word[:-5] + 'mice'
    if word.endswith('woman') or (word.endswith('man') and not word.endswith('human')):
        return word[:-3] + 'men'
    return word + 's'


def plural_verb(phrase):
    """'walks to the left' -> 'walk to the left'."""
    first, *rest = phrase.split(' ')
    if first == 'is':
        first = 'are'
    elif first.endswith('ies'):
        first = first[:-3] + 'y'
    elif first.endswith(('shes', 'ches')):
        first = first[:-2]
    elif first.endswith('s'):
        first = first[:-1]
    return ' '.join([first] + rest)
