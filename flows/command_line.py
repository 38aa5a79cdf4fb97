"""`joint-use`: what the operator types."""

import atexit
import gc
import importlib
import io
import os
import sys
import traceback
from pathlib import Path

import click

from schemas.errors import JointUseError, unusable

_COMMANDS = {
    "export": "毎月の納品を行う / make and publish the monthly drops",
    "recall": "リコール対象の可能性がある車を探す / find cars a recall may be about, and whom to tell",
    "object": "お客様の申し出を記録・撤回する / record, lift or settle an objection",
    "objections": "申し出の一覧 / list objections",
    "disclose": "だれに何を渡したかを答える / what was given to whom of one customer",
    "notices": "削除の通知だけを今すぐ渡す / tell a partner at once what to delete",
    "acknowledge": "共同利用者の受領の返事を記録する / record a partner's acknowledgement",
    "review": "確認待ちの文を渡すかどうか決める / decide about texts that wait",
    "release": "承諾待ちの納品を承諾する / the data manager releases a drop that waits",
    "deliver": "まだ渡していない納品を渡す / hand over what is due",
    "keys": "署名の公開鍵と納品先の鍵 / keys to check signatures with and to seal to",
    "status": "納品・受領・未納品の状況 / how deliveries stand",
    "stop": "誤った納品を止める / stop a bad drop",
    "dispose": "保存期間を過ぎたものを廃棄する / dispose of what is past its time",
    "hold": "廃棄を差し止める / keep a drop from disposal",
    "erase": "消去の申し出に応じる / erase a person from what is held here",
    "incident": "漏えいのとき、報告に要る事実を出す / the facts when a drop went astray",
    "lawful-request": "公的機関への提供を記録する / record what was given to an authority",
    "audit": "操作の記録を検査する / verify the audit chain",
    "sources": "店の記録の列と対応を見る / show how the shop's columns are matched",
    "policy": "公表事項と覚書を調べる / check and show notice and agreements",
    "quarantine": "隔離された行と理由を見る / show what is set aside and why",
    "verify": "納品フォルダを検査する / check a drop folder",
    "serve": "予定実行と画面を動かす / run server, schedule and worker on this PC",
}

_SENTENCES = {
    1: "失敗しました。",
    2: "設定または使い方が正しくありません。",
    3: "公表事項または権限により、実行できません。",
    4: "検査により停止しました。その先は何も納品していません。",
    5: "ほかの実行が進行中です。",
}


class _Lazy(click.Group):
    """Imports a command only when it is called, so that each answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command = importlib.import_module(f"flows.commands.{module}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy)
@click.version_option(
    package_name="joint-use-export",
    prog_name="joint-use",
    message="%(prog)s %(version)s",
    help="版 / version",
)
def joint_use() -> None:
    """共同利用データの納品 / joint-use export of a repair shop's records."""


def main() -> None:
    """Run a command; a refusal is one line and an exit code, never a traceback."""
    # Whatever a run writes is for its owner; a drops folder is opened to others on purpose or not at all.
    os.umask(0o077)
    # What is left at the end is not searched for circles, which can take a second: the system takes it all.
    atexit.register(gc.freeze)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A console in CP932 has no –; in a file nothing may be lost.
            stream.reconfigure(errors="replace" if stream.isatty() else "backslashreplace")
    try:
        code, told = joint_use(prog_name="joint-use", standalone_mode=False) or 0, ""
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code, told = error.exit_code, ""
    except click.exceptions.Abort:
        click.echo("中止しました / stopped", err=True)
        code, told = 1, ""
    except click.ClickException as error:
        code, told = error.exit_code, _usage(error)
    except JointUseError as error:
        code, told = error.exit_code, str(error)
    except OSError as error:
        code, told = 1, unusable(error)
    except Exception as error:  # noqa: BLE001 (a traceback may quote data, and helps no operator)
        code, told = 1, _unexpected(error)
    if told:
        click.echo(f"{_SENTENCES[code]} {told}", err=True)
    sys.exit(code)


def _usage(error: click.ClickException) -> str:
    """Say in a line what is wrong with how a command was written; words that were typed may name somebody."""
    named = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
    help_ = f" (`{named or 'joint-use'} --help`)"
    if error.message.startswith("Got unexpected extra argument"):
        return (
            '余分な言葉があります。空白のある値は "…" で囲み、ハイフンと空白は半角で書いてください / '
            f"there is a word too many: put a value with blanks into quotes{help_}"
        )
    return f"{_in_japanese(error)} / {_in_english(error)}{help_}"


def _in_english(error: click.ClickException) -> str:
    """Say the same; where click repeats what was typed, without it."""
    if error.message.startswith("No such command"):
        return "No such command"
    if isinstance(error, click.BadParameter) and error.param is not None:
        kind = error.param.type
        if isinstance(kind, click.Choice) and not isinstance(error, click.MissingParameter):
            return f"{'/'.join(error.param.opts)}: choose from {', '.join(map(str, kind.choices))}"
    return error.format_message()


def _in_japanese(error: click.ClickException) -> str:
    """Say what is wrong with an option or a command."""
    if isinstance(error, click.NoSuchOption):
        return f"{error.option_name} という指定はありません"
    parameter = error.param if isinstance(error, click.BadParameter) else None
    name = "・".join(parameter.opts) if isinstance(parameter, click.Option) else ""
    if isinstance(error, click.MissingParameter):
        return f"{name or '必要な言葉'} を指定してください"
    if parameter is not None and isinstance(parameter.type, click.Choice):
        return f"{name} は {'、'.join(map(str, parameter.type.choices))} のどれかです"
    if isinstance(error, click.BadParameter):
        return f"{name} の値が正しくありません" if name else "指定の値が正しくありません"
    if isinstance(error, click.BadOptionUsage):
        return f"{error.option_name} の書き方が違います。値が要る指定なら、後ろに値を書いてください"
    is_unknown = error.message.startswith("No such command")
    return (
        "そのような命令はありません。空白は半角で書いてください" if is_unknown else "書き方の誤り"
    )


def _unexpected(error: Exception) -> str:
    """Name a failure outside the stages without repeating what it says."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        "もう一度実行し、直らなければこの行をお知らせください / "
        f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}; run again, and report "
        "this if it stays"
    )


if __name__ == "__main__":
    main()
