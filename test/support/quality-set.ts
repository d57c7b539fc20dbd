/**
 * Forty short passages of a made-up company, its products and things that everybody knows; for each a question in other words, and an
 * expression that stands in it alone. Small enough for every test run, varied enough that a broken ranking shows.
 */
export interface QualityItem {
  readonly name: string
  readonly text: string
  readonly question: string
  /** Words to be found literally. */
  readonly exact: string
}

const item = (name: string, text: string, question: string, exact: string): QualityItem => ({ name, text, question, exact })

export const qualitySet: readonly QualityItem[] = [
  item('parental-leave', 'Every employee who becomes a mother or father may stay at home for sixteen weeks on full pay. Form P-16 is handed in before the birth.', 'How long can I be away from work when my baby is born?', 'form P-16'),
  item('sick-days', 'Anyone who is ill tells the team lead before nine in the morning. A medical certificate is due on the third day.', 'What must I do if I have the flu and cannot come to the office?', 'medical certificate'),
  item('travel-expenses', 'Train tickets are booked in second class. Receipts are handed in within thirty days and the money is paid back with the next salary.', 'When will I be reimbursed for a business trip?', 'second class'),
  item('passwords', 'A passphrase has at least four words and is never written on paper. After six wrong attempts the account is locked for an hour.', 'Why can I no longer log in after typing my credentials incorrectly?', 'six wrong attempts'),
  item('coffee-machine', 'The machine in the kitchen is descaled on the first Monday of each month with the product ZX-8800.', 'How often is limescale removed from the espresso maker?', 'ZX-8800'),
  item('bicycles', 'Bicycles are parked in the cellar, never in the stairwell, which must be free as an escape route.', 'Where do I leave my bike?', 'stairwell'),
  item('fire-alarm', 'When the siren sounds everybody leaves the building at once and gathers at the flagpole. Lifts are not used.', 'Where do we meet when there is a fire?', 'flagpole'),
  item('visitors', 'Guests sign in at the reception desk, wear a yellow badge, and are accompanied by their host at all times.', 'May a friend walk around the office alone?', 'yellow badge'),
  item('home-office', 'Staff may work from home on two days of the week, if the team agrees. The core hours from ten to three hold there too.', 'Am I allowed to do my job remotely?', 'core hours'),
  item('training', 'Each year everybody has a budget of 1,200 euros for courses and books, to be agreed on in the spring interview.', 'Does the company pay for classes so that I can learn new skills?', 'spring interview'),
  item('refunds', 'Customers may send back any product within fourteen days; we return the price, without the postage, to the card that was used.', 'Can I get my money back if I do not like what I bought?', 'without the postage'),
  item('warranty', 'If the lamp breaks within three years of purchase and was not opened, we repair or replace it free of charge.', 'What happens if my light stops working after two years?', 'free of charge'),
  item('shipping', 'Parcels leave our warehouse in Tilburg on working days before noon and reach most addresses in Europe in three days.', 'How soon will my order arrive?', 'Tilburg'),
  item('battery', 'A full charge of the headphones takes ninety minutes and lasts for thirty hours of music. A red light means less than ten percent.', 'How much listening time do I get before I have to plug the headset in?', 'ninety minutes'),
  item('pairing', 'Hold both buttons for five seconds until the light blinks blue, then choose "Nimbus 4" on your telephone.', 'How do I connect the device to my mobile by Bluetooth?', 'Nimbus 4'),
  item('error-e17', 'Error E17 means that the water filter is clogged. Rinse it under the tap and press reset.', 'The appliance does not drain because something is blocked; how do I clean it?', 'error E17'),
  item('vacuum', 'Empty the dust container after each use and wash the foam filter every month; let it dry for a day.', 'How do I keep my hoover in good condition?', 'foam filter'),
  item('oven', 'Bread is baked at 230 degrees with steam for the first ten minutes, then at 200 degrees until the crust is brown.', 'At what temperature do I make a loaf?', 'with steam'),
  item('thermostat', 'In eco mode the heating falls to sixteen degrees at night and rises again an hour before you get up.', 'How can I save energy while I am asleep?', 'eco mode'),
  item('backup', 'The server copies its database every night at two and keeps the copies for ninety days in another city.', 'Is our data safe if the computer centre burns down?', 'ninety days'),
  item('photosynthesis', 'Green plants use sunlight to turn carbon dioxide and water into sugar, and give off oxygen. The pigment is chlorophyll.', 'How do leaves make food out of light?', 'chlorophyll'),
  item('tides', 'The sea rises and falls twice a day because the Moon and, more weakly, the Sun pull at the water. Spring tides come at new and full moon.', 'Why does the ocean level change during the day?', 'spring tides'),
  item('vaccines', 'A vaccine shows the immune system a harmless part of a germ, so that antibodies are ready when the real one comes.', 'How does an injection protect people against a disease?', 'antibodies'),
  item('volcanoes', 'Where plates of the crust meet, molten rock rises and breaks out as lava and ash. Basalt is the commonest of the cooled rocks.', 'What makes mountains erupt?', 'basalt'),
  item('black-holes', 'When a very heavy star has burnt its fuel it collapses so far that not even light can leave it. Its edge is the event horizon.', 'What remains after the death of a massive sun?', 'event horizon'),
  item('bees', 'A honeybee that has found flowers dances in the hive: the angle tells the direction, the length of the waggle the distance.', 'How do insects tell each other where there is nectar?', 'waggle'),
  item('glaciers', 'Snow that never melts is pressed into ice, which flows downhill by a few metres a year and grinds the valley into the shape of a U.', 'How are valleys carved by frozen water?', 'shape of a U'),
  item('salmon', 'Salmon hatch in a river, grow up in the sea, and return to the same river by its smell in order to spawn.', 'How do fish find the way back to the place where they were born?', 'spawn'),
  item('vitamin-c', 'Sailors without fresh fruit fell ill with scurvy. James Lind showed in 1747 that lemons heal it.', 'Which disease did people on ships get from a bad diet?', 'scurvy'),
  item('concrete', 'Concrete is cement, water, sand and gravel. It hardens by a reaction with the water, not by drying, and so also below the sea.', 'Why does building material become solid when it is wet?', 'gravel'),
  item('printing', 'Johannes Gutenberg cast single letters of metal around 1450, and books that had been copied by hand could be made by the hundred.', 'Who invented a way to produce many copies of a text?', 'Gutenberg'),
  item('silk-road', 'For centuries caravans carried silk, paper and spices from China through Samarkand to the Mediterranean.', 'How did goods travel from Asia to Europe in the Middle Ages?', 'Samarkand'),
  item('suffrage', 'New Zealand was the first country in which women could vote for the parliament, in 1893.', 'Where were female citizens first allowed to take part in elections?', 'New Zealand'),
  item('penicillin', 'Alexander Fleming came back from his holidays in 1928 and saw that a mould had killed the bacteria in a dish.', 'How was the first antibiotic discovered?', 'Fleming'),
  item('opera', 'The overture is played before the curtain rises. Latecomers are let in at the interval only.', 'Can I enter the theatre after the performance has begun?', 'overture'),
  item('chess', 'A pawn that reaches the far side of the board becomes a queen, rook, bishop or knight, as its owner likes.', 'What happens in the game when the smallest piece gets to the last row?', 'pawn'),
  item('marathon', 'Runners should drink at each of the eight stations and not wait until they are thirsty. The route closes after six hours.', 'How do I avoid getting dehydrated in a long race?', 'eight stations'),
  item('garden', 'Tomatoes are watered at dawn, at the root and never on the leaves, since wet leaves invite blight.', 'What is the best time of day to give water to vegetables?', 'blight'),
  item('dog', 'A puppy is fed four times a day until it is three months old, then three times. Chocolate and grapes are poisonous for it.', 'What should a young pet not eat?', 'grapes'),
  item('mortgage', 'Who borrows money for a house pays interest on the sum that is left; with a fixed rate it stays the same for ten years.', 'What does a home loan cost me each year?', 'fixed rate'),
]

/** Nothing in the set answers them. */
export const nonsense: readonly string[] = [
  'flurb quanzle gromthian vost plim',
  'zxqv wrtpl mnbvk jjhg',
  'xylotrope frindle mabbersnatch ogglewump',
  'qwop asdf hjkl yuiop zzxx',
  'blorptastic snarfing of the wibbly zonkers',
]
