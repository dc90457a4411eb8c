"""Letters as the vendors' databases compare them in free text: one letter to one letter.

Source: MySQL's collation utf8_general_ci, every weight asked of MariaDB 10.11 itself (crust dossier, section 5).
`canonical.values.fold` goes further: there a letter may become two, and marks, widths and blanks at the end do not
count.
"""

from __future__ import annotations

from typing import Final

_GROUPS: Final = (
    "aÀÁÂÃÄÅàáâãäåĀāĂăĄąǍǎǞǟǠǡǺǻȀȁȂȃȦȧḀḁẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặ bḂḃḄḅḆḇ cÇçĆćĈĉĊċČčḈḉ dĎďḊḋḌḍḎḏḐḑḒḓ "
    "eÈÉÊËèéêëĒēĔĕĖėĘęĚěȄȅȆȇȨȩḔḕḖḗḘḙḚḛḜḝẸẹẺẻẼẽẾếỀềỂểỄễỆệ fḞḟ gĜĝĞğĠġĢģǦǧǴǵḠḡ hĤĥȞȟḢḣḤḥḦḧḨḩḪḫẖ "
    "iÌÍÎÏìíîïĨĩĪīĬĭĮįİıǏǐȈȉȊȋḬḭḮḯỈỉỊị jĴĵǰ kĶķǨǩḰḱḲḳḴḵ lĹĺĻļĽľḶḷḸḹḺḻḼḽ mḾḿṀṁṂṃ nÑñŃńŅņŇňǸǹṄṅṆṇṈṉṊṋ "
    "oÒÓÔÕÖòóôõöŌōŎŏŐőƠơǑǒǪǫǬǭȌȍȎȏȪȫȬȭȮȯȰȱṌṍṎṏṐṑṒṓỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợ pṔṕṖṗ rŔŕŖŗŘřȐȑȒȓṘṙṚṛṜṝṞṟ "
    "sßŚśŜŝŞşŠšſȘșṠṡṢṣṤṥṦṧṨṩẛ tŢţŤťȚțṪṫṬṭṮṯṰṱẗ "
    "uÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲųƯưǓǔǕǖǗǘǙǚǛǜȔȕȖȗṲṳṴṵṶṷṸṹṺṻỤụỦủỨứỪừỬửỮữỰự vṼṽṾṿ wŴŵẀẁẂẃẄẅẆẇẈẉẘ xẊẋẌẍ "
    "yÝýÿŶŷŸȲȳẎẏẙỲỳỴỵỶỷỸỹ zŹźŻżŽžẐẑẒẓẔẕ ÆæǢǣǼǽ ØøǾǿ ƷǮǯʒ Ǆǅǆ Ǉǈǉ Ǌǋǌ Ǳǲǳ "
    "ΑΆάαἀἁἂἃἄἅἆἇἈἉἊἋἌἍἎἏὰᾀᾁᾂᾃᾄᾅᾆᾇᾈᾉᾊᾋᾌᾍᾎᾏᾰᾱᾲᾳᾴᾶᾷᾸᾹᾺᾼ Ββϐ ΕΈέεἐἑἒἓἔἕἘἙἚἛἜἝὲῈ "
    "ΗΉήηἠἡἢἣἤἥἦἧἨἩἪἫἬἭἮἯὴᾐᾑᾒᾓᾔᾕᾖᾗᾘᾙᾚᾛᾜᾝᾞᾟῂῃῄῆῇῊῌ Θθϑ Ι\u0345ΊΐΪίιϊἰἱἲἳἴἵἶἷἸἹἺἻἼἽἾἿὶιῐῑῒῖῗῘῙῚ Κκϰ Μµμ "
    "ΟΌοόὀὁὂὃὄὅὈὉὊὋὌὍὸῸ Ππϖ ΡρϱῤῥῬ Σςσϲ ΥΎΫΰυϋύὐὑὒὓὔὕὖὗὙὛὝὟὺῠῡῢῦῧῨῩῪ Φφϕ "
    "ΩΏωώὠὡὢὣὤὥὦὧὨὩὪὫὬὭὮὯὼᾠᾡᾢᾣᾤᾥᾦᾧᾨᾩᾪᾫᾬᾭᾮᾯῲῳῴῶῷῺῼ ϒϓϔ ІЇії АаӐӑӒӓ ГЃгѓ ЕЀЁеѐёӖӗ ЖжӁӂӜӝ ЗзӞӟ ИЍиѝӢӣӤӥ КЌкќ "
    "ОоӦӧ УЎуўӮӯӰӱӲӳ ЧчӴӵ ЫыӸӹ ЭэӬӭ ѴѵѶѷ ӘәӚӛ ӨөӪӫ"
)
"""Each group is led by the letter that it is compared as."""
_CASES: Final = (
    "ÐÞĐĦĲĿŁŊŒŦƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƢƤƦƧƩƬƮƱƲƳƵƸƼǤǶǷȜȢȤΓΔΖΛΝΞΤΧΨϚϜϞϠϢϤϦϨϪϬϮЂЄЅЈЉЊЋЏБВДЙЛМНПРСТФХЦШЩЪЬЮЯѠѢѤ"
    "ѦѨѪѬѮѰѲѸѺѼѾҀҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӃӇӋӔӠԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖΆΈΉΊΎΌΏⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ"
    "ⅬⅭⅮⅯⒶⒷⒸⒹⒺⒻⒼⒽⒾⒿⓀⓁⓂⓃⓄⓅⓆⓇⓈⓉⓊⓋⓌⓍⓎⓏＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ"
)
"""Further letters of which only the case does not count."""
TABLE: Final = {
    **{ord(letter): group[0] for group in _GROUPS.split(" ") for letter in group[1:]},
    **{ord(capital): capital.lower() for capital in _CASES},
    **{code: chr(code).lower() for code in range(ord("A"), ord("Z") + 1)},
}
"""What `fold_letters` makes of a letter that it changes, as `str.translate` takes it."""


def fold_letters(text: str) -> str:
    """The form under which two texts are equal letter by letter: as long as `text`, blanks at the end included.

    ``fold_letters("Petrič") == "petric"``, but a mark that stands for itself stays: ``e`` + U+0301 is two letters.
    """
    return text.lower() if text.isascii() else text.translate(TABLE)
