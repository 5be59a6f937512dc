"""What PyPI's `jinja2` makes of chat templates and of pieces of them, for the tests to compare with.

    python reference_templates.py FOLDER OUT.json

The environment is that of transformers' `apply_chat_template`; the clock stands still. What Jinja refuses has no text.
"""

import datetime
import json
import pathlib
import sys

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def refuse(message):
    raise TemplateError(message)


def environment():
    result = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    result.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
    result.globals["raise_exception"] = refuse
    result.globals["strftime_now"] = lambda form: datetime.datetime(2024, 7, 26).strftime(form)
    return result


def turn(role, content):
    return {"role": role, "content": content}


CONVERSATIONS = [
    [turn("user", "Hello")],
    [
        turn("system", "  Be brief. "), turn("user", " Hello\n"), turn("assistant", "  Hi there\n\n"),
        turn("user", "  Who are you? "),
    ],
    [
        turn("user", "q"), turn("assistant", "<think>\nhm\n</think>\n\nyes"), turn("user", "again? ünï<|im_end|>"),
        turn("assistant", "<think>\nso\n</think>\n\nno"),
    ],
    [
        turn("system", ""), turn("user", "a"), turn("assistant", ""), turn("user", "b"), turn("assistant", "c"),
        turn("user", "<tool_response>d</tool_response>"),
    ],
    [turn("user", "a"), turn("user", "b")],
    [turn("assistant", "a"), turn("user", "b")],
    [turn("system", "s"), turn("user", [{"type": "text", "text": "Hi"}, {"type": "text", "text": "you"}])],
]

TOOLS = [
    {"type": "function", "function": {"name": "find_order", "description": "Finds an order, ünï.", "parameters": {
        "type": "object", "properties": {
            "id": {"type": "integer", "description": "Its number.", "minimum": 1}, "exact": {"type": "boolean"},
            "kind": {"type": "string", "enum": ["a", "b"]}, "rate": {"type": "number", "default": 0.5},
            "tags": {"type": "array", "items": {"type": "string"}}}, "required": ["id"]}}},
    {"type": "function", "function": {"name": "wait", "parameters": {"type": "object", "properties": {}}}},
]


def call(number, name, arguments):
    return {"type": "function", "id": f"call0000{number}", "function": {"name": name, "arguments": arguments}}


def result(number, name, content):
    return {"role": "tool", "content": content, "name": name, "tool_call_id": f"call0000{number}"}


TOOL_CONVERSATIONS = [
    [turn("user", "Where is it?")],
    [
        turn("system", "Be brief."), turn("user", "Where is it?"),
        {"role": "assistant", "content": "", "tool_calls": [call(1, "find_order", {"id": 17, "tags": ["x", "y"], "rate": 1.5})]},
        result(1, "find_order", "On its <way>"),
    ],
    [
        turn("user", "Both?"),
        {"role": "assistant", "content": "Yes.", "tool_calls": [call(1, "find_order", {"id": 1, "exact": True}), call(2, "wait", {})]},
        result(1, "find_order", '{"a": 1}'), result(2, "wait", ""), turn("assistant", "Done."), turn("user", "Thanks"),
    ],
    [
        turn("user", "Where?"),
        {"role": "assistant", "content": "", "tool_calls": [call(1, "find_order", '{"id": 17}')]},
        result(1, "find_order", "here"),
    ],
]

VALUES = {
    "s": "  Hello, wörld  ", "t": "a-b-c-b", "n": 7, "f": 2.5, "yes": True, "no": False, "nil": None,
    "l": [3, 1, 2], "w": ["b", "A", "c"], "d": {"b": 1, "a": [1, "x", None, True, 1.5]}, "e": [], "lines": "a\nb\n\nc\n",
    "m": [{"k": "x", "v": 1}, {"k": "y", "v": 0}, {"k": "x"}], "q": "it's \"so\" \\ <b> & \x01", "nested": {"a": {"b": ["c"]}},
}

PIECES = r"""
{{ s }}|{{ n }}|{{ f }}|{{ yes }}|{{ nil }}|{{ l }}|{{ d }}|{{ w }}|{{ missing }}|{{ q }}
{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 7.5 // 2 }} {{ 1_000 }} {{ 1e3 }}
{{ 'a' 'b' ~ 1 ~ none ~ true }} {{ "x\ty\n\\n\"" }} {{ '\u00e9\x41\q' }} {{ 'ab' * 3 }} {{ '%s and %d%%' % ('x', 3) }} {{ '%s' % n }}
{{ 1 if yes else 2 }}{{ 1 if no }}{{ 1 if no else 2 if no else 3 }} {{ (1 if yes else 2) + 1 }}
{{ not yes or no and yes }} {{ yes and 'x' or 'y' }} {{ e or 'empty' }} {{ '' and 1 }} {{ nil or no }}
{{ 1 < 2 < 3 }} {{ 3 > 2 >= 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ 1 != 2 }} {{ [1, 2] == [1, 2] }} {{ {'a': 1} == {'a': 1.0} }} {{ none == missing }}
{{ 'b' in t }} {{ 'z' not in t }} {{ 3 in l }} {{ 'a' in d }} {{ not 3 in l }} {{ 1 in missing }}
{{ 1 < 'a' }}
{{ nil + 1 }}
{{ missing + 1 }}
{{ missing.x }}
{{ missing.x.y }}
{{ nil.x }}
{{ nil.x.y }}
{{ d.a }} {{ d['a'][1] }} {{ d.zz }} {{ d['zz'] is defined }} {{ l[-1] }} {{ l[9] }} {{ l.0 }} {{ s[2] }} {{ s[-3] }} {{ nested.a.b[0] }}
{{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ t[2:5] }} {{ t[::-1] }} {{ t[-100:100] }} {{ l[5:] }} {{ t[4:1:-1] }} {{ l[:] }}
{{ d.items() | list | length }} {{ d.items is callable }} {{ d['items'] is callable }}
{{ d.keys() | list }} {{ d.get('a') }} {{ d.get('z') }} {{ d.get('z', 5) }} {{ d.values() | list | length }}
{{ s.strip() }}|{{ s.lstrip() }}|{{ s.rstrip() }}|{{ t.strip('ab') }}|{{ t.split('-') }}|{{ t.split('-', 1) }}|{{ t.rsplit('-', 1) }}|{{ s.split() }}|{{ ' a  b c '.split(none, 1) }}
{{ t.startswith('a-') }} {{ t.endswith(('x', 'b')) }} {{ t.replace('b', 'XY') }} {{ t.replace('b', '', 1) }} {{ t.find('b') }} {{ t.rfind('b') }} {{ t.find('z') }} {{ t.count('b') }} {{ t.upper() }} {{ 'aB cD'.title() }} {{ 'aB'.capitalize() }}
{{ lines.splitlines() }} {{ lines.split('\n') }} {{ '-'.join(w) }} {{ 'abc'.removeprefix('a') }} {{ '12'.isdigit() }} {{ '{}{{}}{}-{0}'.format(1, 2) if no }} {{ '{} {}'.format(1, 'a') }} {{ '<{x}>'.format(x=3) }}
{{ t.nothing() }}
{{ t() }}
{{ s | trim }}|{{ t | trim('ac') }}|{{ s | length }}|{{ l | count }}|{{ missing | length }}|{{ t | upper }}|{{ t | replace('-', '+') }}|{{ 'hello world' | title }}|{{ 'hELLO' | capitalize }}
{{ missing | default('x') }} {{ '' | default('x') }} {{ '' | default('x', true) }} {{ nil | d('x') }} {{ nil | d('x', boolean=true) }}
{{ l | first }} {{ l | last }} {{ e | first }} {{ w | join(', ') }} {{ m | join(',', attribute='k') }} {{ l | sort }} {{ l | sort(reverse=true) }} {{ w | sort }} {{ l | reverse | list }} {{ 'abc' | reverse }} {{ m | map(attribute='k') | list }} {{ w | map('upper') | join }} {{ m | map(attribute='v', default=9) | list }}
{{ m | selectattr('v') | list | length }} {{ m | selectattr('k', 'equalto', 'x') | list | length }} {{ m | rejectattr('v', 'defined') | list }} {{ l | select('odd') | list }} {{ l | reject('gt', 1) | list }} {{ l | select | list }} {{ nil | select | list }}
{{ l | sum }} {{ l | min }} {{ l | max }} {{ w | unique | list }} {{ [1, 1, 2] | unique | list }} {{ -3 | abs }} {{ 2.567 | round(2) }} {{ 2.5 | round }} {{ '3' | int }} {{ 'x' | int }} {{ '3.9' | int }} {{ 3.9 | int }} {{ '2.5' | float }} {{ 3 | float }} {{ 3 | string }} {{ l | list }} {{ 'ab' | list }}
{{ q | tojson }} {{ d | tojson }} {{ d | tojson(indent=2) }} {{ [] | tojson(indent=2) }} {{ {} | tojson }} {{ l | tojson(separators=(',', ':')) }} {{ 'ü' | tojson }} {{ nil | tojson }} {{ m | tojson(indent=4) }}
{{ q | e }} {{ q | escape }} {{ d | items | list | tojson }} {{ d | dictsort | tojson }} {{ 'a b  c' | wordcount }} {{ lines | indent }}|{{ lines | indent(2, true) }}|{{ lines | indent(1, blank=true) }}
{{ missing | tojson }}
{{ nil | list }}
{{ nil | length }}
{{ s | nosuchfilter }}
{{ s is nosuchtest }}
{{ n is number }} {{ n is integer }} {{ f is float }} {{ yes is number }} {{ yes is integer }} {{ s is string }} {{ d is mapping }} {{ l is sequence }} {{ s is iterable }} {{ l is iterable }} {{ n is iterable }} {{ nil is none }} {{ nil is not none }} {{ missing is defined }} {{ missing is undefined }} {{ missing is none }} {{ yes is true }} {{ no is false }} {{ n is true }} {{ yes is boolean }} {{ range is callable }}
{{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ n is eq 7 }} {{ n is equalto(7) }} {{ n is gt 3 }} {{ n is in [7] }} {{ 'ab' is lower }} {{ 'Ab' is upper }} {{ n is sameas n }} {{ not n is odd }} {{ n is not odd }} {{ n is odd and yes }} {{ 'a' if n is odd else 'b' }}
{% for x in l %}{{ loop.index }}/{{ loop.length }}{{ x }}{{ ',' if not loop.last }}{{ loop.first }}{{ loop.revindex }}{{ loop.index0 }}{% endfor %}
{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }};{{ loop.cycle('a', 'b') }}{{ loop.changed(x) }}{% endfor %}
{% for x in e %}x{% else %}empty{% endfor %}{% for x in missing %}x{% else %}none{% endfor %}{% for a, b in d.items() %}{{ a }}={{ b }};{% endfor %}{% for k in d %}{{ k }}{% endfor %}
{% for x in l if x > 1 %}{{ loop.index }}:{{ x }} {% endfor %}{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in l recursive %}{{ x }}{% if x is iterable %}{{ loop(x) }}{% endif %}{% endfor %}{% for x in [1, [2, [3]]] recursive %}{% if x is iterable %}[{{ loop(x) }}]{% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}
{% for x in nil %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% set x = 1 %}{% for y in l %}{% set x = y %}{{ x }}{% endfor %}{{ x }}{% if yes %}{% set x = 9 %}{% endif %}{{ x }}
{% set ns = namespace(a=1, b=[]) %}{% for y in l %}{% set ns.a = ns.a + y %}{% set ns.b = ns.b + [y] %}{% endfor %}{{ ns.a }} {{ ns.b }} {{ ns.zz is defined }}
{% set a, b = 1, 2 %}{{ b }}{{ a }}{% set c %}x{{ a }}y{% endset %}{{ c }}{% set c | upper %}ab{% endset %}{{ c }}{% with z = 3 %}{{ z }}{% endwith %}{{ z }}{% filter upper %}ab{{ t }}{% endfilter %}
{% set a, b = [1] %}
{% macro f(x, y=2) %}{{ x }}-{{ y }}{% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(y=4, x=0) }} {{ f() }}{% macro g(n) %}{{ n }}{% if n > 0 %}{{ g(n - 1) }}{% endif %}{% endmacro %}{{ g(3) }}{% set h = f(7) %}[{{ h | upper }}]
{{ f(1) }}
{% macro f(x) %}{% endmacro %}{{ f(1, 2) }}
{% macro f(x) %}{{ outer }}{% endmacro %}{% set outer = 5 %}{{ f(1) }}
{% if no %}a{% elif nil %}b{% elif yes %}c{% else %}d{% endif %}{% if no %}a{% else %}d{% endif %}
{% raw %}{{ x }} {% if %}{% endraw %}|{#- comment {{ x }} -#} y {% generation %}g{% endgeneration %}
{{ range(3) | list }} {{ range(1, 4) | list }} {{ range(5, 0, -2) | list }} {{ dict(a=1) }} {{ strftime_now('%d %b %Y, %Y-%m-%d %A %B') }}
{{ raise_exception('no') }}
{{ l.append(1) }}
{{ s.__class__ }}
{{ [1, 2][0] }} {{ {'a': {'b': 2}}.a.b }} {{ (1, 2)[1] }} {{ (1) }} {{ [] | length }} {{ {'x': 1,} }} {{ [1, 2,] }} {{ 'abc'[1] }}
{{ -n }} {{ +n }} {{ -n | abs }} {{ n - -1 }} {{ 10 - 2 - 3 }} {{ 2 * 3 ~ 4 }} {{ 12 / 4 / 3 }}
{{ 1 + 2 ~ 3 }}
{{ 'a' is defined and 'b' }} {{ (s | trim).split(',')[0] | lower }} {{ s.strip().split(', ')[-1].upper() | replace('Ö', 'o') }} {{ 'x' if missing is not defined or missing is none else 'y' }}
{{ 1 // 0 }}
{{ include }}{% include 'x' %}
{% unknown %}
{{ 1 +
{{ "open
{% if yes %}
{% for x in l %}{% endif %}
{{ l[1 }}
{{ x. }}
{# open
""".strip("\n").split("\n")

# White space around tags must match exactly.
PIECES += [
    "a\n  {% if yes %}\n  b\n  {% endif %}\n c\n", "a {%- if yes -%}  b  {%- endif -%}\n\n c", " {% if yes %} x {% endif %} \n",
    "\n\n{{ n }}\n\n", "a\n{#- c -#}\nb\n  {# d #}\n e", "  {%+ if yes %}a{% endif +%}\nb", "x\r\ny\r{{ n }}\r\n", "{{ n -}}  \n z {{- n }}",
    "{% for x in l -%}\n  {{ x }}\n{%- endfor %}\n", "\t{% set a = 1 %}\t\n{{ a }} ", "a  {% if yes %}b{% endif %}", "{{ '{{' }}{{ '%}' }} {{ \"}}\" }}",
    "\u00a0{%- if yes %}x{% endif %}", "{% raw -%}\n  a {% b %}\n{%- endraw %}\n c", "  {{ n }}\n  {%- set z = 2 %}\n  {{ z }}", "",
]


def rendered(template, values):
    try:
        return {"text": template.render(**values)}
    except Exception:
        return {}


def main(folder, out):
    result = {"templates": [], "pieces": []}
    for path in sorted(pathlib.Path(folder).glob("*.jinja")):
        source = path.read_bytes().decode()
        template = environment().from_string(source)
        cases = []
        asked = [(messages, None) for messages in CONVERSATIONS]
        asked += [(messages, tools) for messages in TOOL_CONVERSATIONS for tools in (TOOLS, None)]
        for messages, tools in asked:
            for generates in (False, True):
                for thinks in (False, True):
                    values = {
                        "messages": messages, "tools": tools, "documents": None, "add_generation_prompt": generates,
                        "bos_token": "<s>", "eos_token": "</s>", "enable_thinking": thinks, "thinking": thinks,
                    }
                    cases.append({"values": values, **rendered(template, values)})
        result["templates"].append({"name": path.stem, "source": source, "cases": cases})
    for source in PIECES:
        try:
            text = rendered(environment().from_string(source), VALUES)
        except Exception:
            text = {}
        result["pieces"].append({"source": source, **text})
    result["values"] = VALUES
    pathlib.Path(out).write_text(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
